"""Makes the notes of one incarnation and keeps each, in Kafka or in the outbox, before anything is answered."""

import asyncio
import base64
import os
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import orjson
import structlog
from aiokafka.errors import KafkaError
from prometheus_client import Counter

from shared.clock import rfc3339, utc_now
from shared.errors import AnticipatedError, Sentence
from shared.events import EventRecord, cloud_headers
from shared.events.topics import Topic
from shared.gathering import GatheredSends
from shared.identity import Actor
from shared.kafka import Producer
from shared.mongo import Database, MongoError
from shared.outbox import Outbox, Relay
from shared.telemetry import trace_headers

log = structlog.get_logger("serment.notes")
HEARTBEAT = "org.serment.heartbeat.v1"
_PATIENCE = 0.25
_TRIES_BEFORE_OUTBOX = 5
_STRANDED_LIMIT = 1000
_BEAT = 2.0
_SETTLES_AFTER = 20.0
_DEAD_AFTER = 12.0
_KEPT = Counter("serment_notes_kept_total", "Notes made durable, by way.", ["way"])
_KEPT_IN_KAFKA, _KEPT_IN_OUTBOX = _KEPT.labels("kafka"), _KEPT.labels("outbox")


class NoteNotKeptError(AnticipatedError):
    """Neither Kafka nor the outbox took the note, so nothing is answered."""

    slug: ClassVar[str] = "note-not-kept"
    status: ClassVar[int] = 503
    fhir_code: ClassVar[str] = "transient"
    sentence: ClassVar[Sentence] = Sentence(
        "This access could not be noted, so it was not answered. Try again in a moment.",
        "Cet accès n’a pas pu être noté, il n’a donc pas reçu de réponse. Réessayez dans un instant.",
    )


def actor_facts(actor: Actor) -> dict[str, Any]:
    """Who, as a note says it: ids, never a name."""
    return {
        "id": actor.ident,
        "profession": actor.profession,
        "site": actor.site,
        "unit": actor.unit,
        "practitioner": actor.practitioner,
        "strength": actor.strength,
        "token": actor.token,
    }


@dataclass(frozen=True, eq=False)
class _Pending:
    """Notes of one transaction with an unknown end: (the note it carried, the note that says it failed)."""

    notes: Sequence[tuple[EventRecord, EventRecord]]
    committed: Callable[[], Awaitable[bool]]
    ripe_at: float


class Notes:
    """Numbers start at 1 and are drawn once, when the bytes are made; the incarnation is 128 random bits drawn at start.

    `about` is what every note of this process says, such as its site.
    """

    def __init__(self, topic: Topic, *, source: str, about: Mapping[str, Any], producer: Producer, outbox: Outbox) -> None:
        self.incarnation = os.urandom(16).hex()
        self._gathered = GatheredSends(producer, topic.name, patience=_PATIENCE)
        self.outbox = outbox
        self._topic = topic
        self._source = source
        self._about = dict(about)
        self._key = self.incarnation.encode()
        self._same_headers = [("ce_source", source.encode()), ("ce_specversion", b"1.0"), ("content-type", b"application/json")]
        self._same_headers.append(("ce_incarnation", self._key))
        self._next = 1
        self._in_flight: dict[int, None] = {}
        self._stranded: deque[EventRecord] = deque()
        self._undecided: list[_Pending] = []
        self._timeouts = 0

    @property
    def producer(self) -> Producer:
        return self._gathered.producer

    @property
    def breaker_open(self) -> bool:
        """Kafka was late so often in a row that notes go to the outbox at once."""
        return self._timeouts >= _TRIES_BEFORE_OUTBOX

    def draw(self, type_: str, facts: Mapping[str, Any], *, now: datetime) -> EventRecord:
        """A note's exact bytes, under the next number; whoever draws it must keep it. Raises NoteNotKeptError when too many wait."""
        if len(self._stranded) + len(self._undecided) >= _STRANDED_LIMIT:
            raise NoteNotKeptError
        number = self._next
        self._next = number + 1
        self._in_flight[number] = None
        return self._bytes(type_, facts, number=number, now=now)

    def redraw(self, never_sent: EventRecord, facts: Mapping[str, Any], *, now: datetime) -> EventRecord:
        """Another note under the number of one whose transaction certainly did not happen."""
        type_ = next(value.decode() for name, value in never_sent.headers if name == "ce_type")
        return self._bytes(type_, facts, number=never_sent.number, now=now)

    def _bytes(self, type_: str, facts: Mapping[str, Any], *, number: int, now: datetime) -> EventRecord:
        ident, time = str(uuid.uuid4()), rfc3339(now)
        salt = base64.b64encode(os.urandom(32)).decode()
        frame = {"id": ident, "incarnation": self.incarnation, "partition": 0, "number": number, "time": time, "type": type_, "salt": salt}
        headers = [*self._same_headers, ("ce_id", ident.encode()), ("ce_type", type_.encode()), ("ce_time", time.encode())]
        headers += [("ce_number", b"%d" % number), *((name, text.encode()) for name, text in trace_headers().items())]
        return EventRecord(ident, self._topic.name, self._key, headers, orjson.dumps(frame | self._about | dict(facts)), 0, number)

    async def keep(self, record: EventRecord) -> None:
        """Returns once the note is durable: acknowledged by Kafka within 250 ms, or in the outbox. Raises NoteNotKeptError."""
        if not self.breaker_open and await self._in_kafka(record):
            return
        try:
            await self._in_outbox(record)
        except BaseException as error:
            self._stranded.append(record)
            log.warning("note.stranded", error=type(error).__name__)
            if isinstance(error, MongoError):
                raise NoteNotKeptError from error
            raise

    async def _in_kafka(self, record: EventRecord) -> bool:
        try:
            await self._gathered.send(record)
        except asyncio.CancelledError:
            self._stranded.append(record)
            raise
        except (KafkaError, TimeoutError) as error:
            self._timeouts += 1
            self.producer.doubt(error)
            log.warning("note.kafka-late", error=type(error).__name__, in_a_row=self._timeouts)
            return False
        self._timeouts = 0
        self.landed(record)
        _KEPT_IN_KAFKA.inc()
        return True

    async def _in_outbox(self, record: EventRecord) -> None:
        await self.outbox.add([record], now=utc_now(), incarnation=self.incarnation)
        self.landed(record)
        _KEPT_IN_OUTBOX.inc()

    def landed(self, record: EventRecord) -> None:
        """The note is in Kafka or in the outbox, which tells its own lowest number."""
        self._in_flight.pop(record.number, None)

    def relayed(self, topic: str) -> None:
        """A note reached Kafka from the outbox, so the next one tries Kafka first again."""
        if topic == self._topic.name:
            self._timeouts = 0

    def settle_later(
        self, notes: Sequence[tuple[EventRecord, EventRecord]], committed: Callable[[], Awaitable[bool]], *, after: float = _SETTLES_AFTER
    ) -> None:
        """For a transaction whose end nobody told: its notes are settled once it can be read back, `after` so many seconds.

        Each note comes with the one that says it failed, under the same number.
        """
        self._undecided.append(_Pending(notes, committed, asyncio.get_running_loop().time() + after))

    async def rescue(self) -> None:
        """Moves stranded notes into the outbox and settles undecided ones, so that only a killed process leaves a gap in its numbers."""
        while self._stranded:
            await self._in_outbox(self._stranded[0])
            self._stranded.popleft()
        ripe = [pending for pending in self._undecided if asyncio.get_running_loop().time() > pending.ripe_at]
        for pending in ripe:
            committed = await pending.committed()
            for record, otherwise in pending.notes:
                if not committed:
                    await self._in_outbox(otherwise)
                self.landed(record)
            self._undecided.remove(pending)

    async def beat(self, *, leaving: bool = False) -> None:
        """Tells the ledger every number below which nothing is missing any more; heartbeats are not leaves."""
        lowest = min(next(iter(self._in_flight), self._next), self._next)
        waiting = await self.outbox.lowest_number(self.incarnation)
        state = "left" if leaving else "alive"
        await self._say(self.incarnation, state, lowest=min(lowest, waiting or lowest), following=self._next)

    async def _say(self, incarnation: str, state: str, *, lowest: int, following: int) -> None:
        now = rfc3339(utc_now())
        ident = str(uuid.uuid4())
        facts = {
            "id": ident,
            "incarnation": incarnation,
            "time": now,
            "type": HEARTBEAT,
            "state": state,
            "lowest": lowest,
            "next": following,
        }
        headers = cloud_headers(ident=ident, source=self._source, type_=HEARTBEAT, time=now)
        record = EventRecord(ident, self._topic.name, incarnation.encode(), headers, orjson.dumps(facts), 0)
        async with asyncio.timeout(15):
            await self.producer.send_and_wait(record)
        self._timeouts = 0  # Kafka takes this process's records again, so the next note tries it first

    async def declare_dead(self, incarnation: str) -> None:
        """For an incarnation that went silent and has nothing left in the outbox."""
        await self._say(incarnation, "dead", lowest=0, following=0)


class Presence:
    """Which incarnations of this service live: each beats, and whoever relays speaks for the dead."""

    def __init__(self, database: Database, *, notes: Notes, relay: Relay, instance: str) -> None:
        self._rows = database.get_collection("incarnations")
        self._notes = notes
        self._relay = relay
        self._instance = instance
        self._standing_still: dict[str, tuple[int, float]] = {}

    async def run(self) -> None:
        """Until cancelled. A late heartbeat is harmless: it only delays what the ledger can call complete."""
        beats = 0
        while True:
            try:
                await self._notes.rescue()
                beats += 1
                await self._rows.update_one(
                    {"_id": self._notes.incarnation}, {"$set": {"instance": self._instance, "beats": beats}}, upsert=True
                )
                await self._notes.beat()
                if self._relay.holding:
                    await self._bury_the_dead()
            except (MongoError, KafkaError, TimeoutError) as error:
                log.warning("presence.delayed", error=type(error).__name__)
            await asyncio.sleep(_BEAT)

    async def leave(self) -> None:
        """After the last answer: the outbox is drained by whoever relays next, the number after the last one is told."""
        await self._notes.rescue()
        await self._notes.beat(leaving=True)
        await self._rows.delete_one({"_id": self._notes.incarnation})

    async def _bury_the_dead(self) -> None:
        """An incarnation whose beats stood still for 12 s on this process's own clock, and whose outbox is empty."""
        now = asyncio.get_running_loop().time()
        others = await self._rows.find({"_id": {"$ne": self._notes.incarnation}}).to_list(length=None)
        for row in others:
            beats, since = self._standing_still.get(row["_id"], (-1, now))
            if beats != row["beats"]:
                self._standing_still[row["_id"]] = (row["beats"], now)
            elif now - since > _DEAD_AFTER and await self._notes.outbox.lowest_number(row["_id"]) is None:
                await self._notes.declare_dead(row["_id"])
                await self._rows.delete_one({"_id": row["_id"]})
                del self._standing_still[row["_id"]]
