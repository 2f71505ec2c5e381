"""Keeps records that must reach Kafka beside the state they tell of, and relays them in order."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from aiokafka.errors import KafkaError

from shared.clock import utc_now
from shared.events import EventRecord
from shared.kafka import Producer
from shared.mongo import Database, DuplicateKeyError, MongoError

log = structlog.get_logger("serment.outbox")
_LEASE = timedelta(seconds=5)
_PAUSE = 0.2
_PAGE = 500


class Outbox:
    """One collection of a service's own database; a row's `_id` is the event id, so keeping it twice changes nothing."""

    def __init__(self, database: Database) -> None:
        self._rows = database.get_collection("outbox")
        self._relays = database.get_collection("relays")
        self.filled = asyncio.Event()

    async def add(self, records: Sequence[EventRecord], *, now: datetime, incarnation: str = "", session: Any = None) -> None:
        """With the session of a transaction the rows stand or fall with it; call `filled.set()` once it has committed."""
        rows = [_row(record, now, ordinal, incarnation) for ordinal, record in enumerate(records)]
        try:
            await self._rows.insert_many(rows, session=session)
        except MongoError as error:
            if session is not None or not _only_duplicates(error):
                raise
        if session is None:
            self.filled.set()

    async def first(self) -> list[dict[str, Any]]:
        """The oldest rows, in the order in which they were written."""
        rows: list[dict[str, Any]] = await self._rows.find({}).sort([("at", 1), ("ordinal", 1)]).limit(_PAGE).to_list(length=None)
        return rows

    async def of_topic(self, topic: str) -> list[tuple[str, bytes]]:
        """(id, value) of every row that waits for it."""
        rows = await self._rows.find({"topic": topic}, {"value": 1}).to_list(length=None)
        return [(row["_id"], bytes(row["value"])) for row in rows]

    async def remove(self, idents: Sequence[str]) -> None:
        await self._rows.delete_many({"_id": {"$in": list(idents)}})

    async def lowest_number(self, incarnation: str) -> int | None:
        """The lowest note number of this incarnation that has not been relayed yet."""
        row = await self._rows.find_one({"incarnation": incarnation, "number": {"$gt": 0}}, sort=[("number", 1)], projection={"number": 1})
        return int(row["number"]) if row else None

    async def holds(self, ident: str) -> bool:
        return await self._rows.find_one({"_id": ident}, projection={"_id": 1}) is not None

    async def count(self) -> int:
        return int(await self._rows.count_documents({}))

    async def backlog(self, *, now: datetime) -> dict[str, float | None]:
        """How many rows wait, and for how many seconds the oldest has."""
        oldest = await self._rows.find_one({}, sort=[("at", 1)], projection={"at": 1})
        age = None if oldest is None else max(0.0, (now - oldest["at"]).total_seconds())
        return {"waiting": await self.count(), "oldest_seconds": age}

    async def hold_relay(self, owner: str, *, now: datetime) -> bool:
        """Whether `owner` relays for the next five seconds. Two at once would only send duplicates, which readers know by their id."""
        try:
            row = await self._relays.find_one_and_update(
                {"_id": "relay", "$or": [{"owner": owner}, {"until": {"$lt": now}}]},
                {"$set": {"owner": owner, "until": now + _LEASE}},
                upsert=True,
                return_document=True,
            )
        except DuplicateKeyError:
            return False
        return bool(row and row["owner"] == owner)


def _row(record: EventRecord, now: datetime, ordinal: int, incarnation: str) -> dict[str, Any]:
    return {
        "_id": record.ident,
        "topic": record.topic,
        "key": record.key,
        "partition": record.partition,
        "headers": [[name, value] for name, value in record.headers],
        "value": record.value,
        "at": now,
        "ordinal": ordinal,
        "incarnation": incarnation,
        "number": record.number,
    }


def _only_duplicates(error: Exception) -> bool:
    details = getattr(error, "details", None) or {}
    failures = details.get("writeErrors", [])
    return bool(failures) and all(failure.get("code") == 11000 for failure in failures)  # noqa: PLR2004 - MongoDB's duplicate key


def record_of(row: dict[str, Any]) -> EventRecord:
    """The identical record that was kept: same bytes, same number, same partition."""
    headers = [(name, bytes(value)) for name, value in row["headers"]]
    key = None if row["key"] is None else bytes(row["key"])
    return EventRecord(row["_id"], row["topic"], key, headers, bytes(row["value"]), row["partition"], row["number"])


class Relay:
    """Sends outbox rows to Kafka and removes what every in-sync replica has; one process of a service relays at a time."""

    def __init__(self, outbox: Outbox, *, producer: Producer, owner: str, relayed: Callable[[str], None]) -> None:
        self._outbox = outbox
        self._producer = producer
        self._owner = owner
        self._relayed = relayed
        self.holding = False
        self._renewed_at = 0.0

    async def run(self) -> None:
        """Until cancelled; a failure of MongoDB or Kafka only delays."""
        while True:
            try:
                while await self._hold() and await self.relay_once() == _PAGE:
                    pass
            except (MongoError, KafkaError, TimeoutError) as error:
                log.warning("outbox.delayed", error=type(error).__name__)
                await asyncio.sleep(1)
            await self._rest()

    async def _hold(self) -> bool:
        """Asked again at half its time only: whoever holds the relay is idle most of it, and each asking is a write."""
        now = asyncio.get_running_loop().time()
        if not self.holding or now >= self._renewed_at + _LEASE.total_seconds() / 2:
            self.holding = await self._outbox.hold_relay(self._owner, now=utc_now())
            self._renewed_at = now
        return self.holding

    async def relay_once(self) -> int:
        """How many rows left the outbox."""
        rows = await self._outbox.first()
        if not rows:
            return 0
        async with asyncio.timeout(15):
            sending = [await self._producer.send(record_of(row)) for row in rows]
            results = await asyncio.gather(*sending, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                self._producer.doubt(result)
        arrived = [row["_id"] for row, result in zip(rows, results, strict=True) if not isinstance(result, BaseException)]
        if not arrived:
            raise KafkaError("no row was acknowledged")
        await self._outbox.remove(arrived)
        for topic in {row["topic"] for row in rows if row["_id"] in set(arrived)}:
            self._relayed(topic)
        return len(arrived)

    async def _rest(self) -> None:
        pause = _PAUSE if self.holding else _LEASE.total_seconds() / 2
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._outbox.filled.wait()
        self._outbox.filled.clear()
        if not self.holding:
            await asyncio.sleep(0.2)
