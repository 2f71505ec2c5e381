"""A desk for emergencies alone: the store is real, the charts are made up, and what is noted waits in the outbox."""

import os
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import orjson

from services.records.decision import Permit, Refusal, decide
from services.records.desk import Desk
from services.records.emergency.grants import Grants
from services.records.emergency.open_emergency import Opened, Terms, open_emergency
from services.records.model import Ask, Asked, ChartHeader, Facts, Standing
from services.records.noting_failures import noting_failures
from services.records.sealer import Sealer
from shared.events.topics import RECORDS_ACCESS, RECORDS_CHANGE
from shared.identity import Actor
from shared.kafka import KafkaConnection, Producer
from shared.keyring import KeyErasedError, OwnersKeys
from shared.mongo import Mongo, MongoError
from shared.notes import Notes
from shared.outbox import Outbox
from shared.sealing import DataKey
from shared.vocabulary import Action, PatientId, Profession

NOW = datetime(2026, 11, 25, 18, 6, 37, 125999, tzinfo=UTC)
TERMS = Terms(timedelta(hours=4), timedelta(hours=72))
REASON = "Jeanne Canari, inconsciente, personne de l’équipe n’est joignable"
ME, UNIT = "2d6b1c1a-7a61-4a0e-9b8e-2f6f6d1a9c55", "nord-urgences"


def an_actor(profession: Profession = Profession.CLINICIAN, *, ident: str = ME, purpose: str = "TREAT", site: str = "nord") -> Actor:
    return Actor(ident, "Dr Canari", profession, site, UNIT, frozenset({purpose}), "", None, "pwd", "", 0)


class FakeKeyring:
    """One key for each owner, in memory."""

    def __init__(self) -> None:
        self.keys: dict[str, OwnersKeys] = {}
        self.erased: set[str] = set()

    async def keys_of(self, owner: str) -> OwnersKeys:
        if owner in self.erased:
            raise KeyErasedError
        key = DataKey(os.urandom(16), os.urandom(32))
        return self.keys.setdefault(owner, OwnersKeys(key, {key.key_id: key}, monotonic()))


@dataclass
class UncertainMongo:
    """Ends transactions as it is told: `lost` before the commit, `unknown` after it."""

    mongo: Mongo
    end: str = ""

    async def transact(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        async def lost(session: Any) -> Any:
            await work(session)
            raise MongoError("the primary went away")

        if self.end == "lost":
            return await self.mongo.transact(lost)
        result = await self.mongo.transact(work)
        if self.end == "unknown":
            raise MongoError("nobody told the end")
        return result


@dataclass
class FakeHeaders:
    """Charts by patient; a patient without one has no chart here."""

    charts: dict[str, ChartHeader] = field(default_factory=dict)

    async def find_row(self, patient: str) -> ChartHeader | None:
        return self.charts.get(patient)


class EmergencyDesk:
    """One replica, as far as emergencies need it."""

    site = "nord"
    states_refusals = True
    training_url = ""
    note = Desk.note
    refuse = Desk.refuse
    error_of = Desk.error_of

    def still_holds(self, _permit: Permit) -> bool:
        return True

    def __init__(self, mongo: Mongo, name: str, headers: FakeHeaders, keyring: FakeKeyring) -> None:
        database = mongo.database(name)
        producer = Producer(KafkaConnection(("127.0.0.1:1",), "nobody", "nothing"), client_id="none")
        outbox = Outbox(database)
        self.mongo = UncertainMongo(mongo)
        self.rows = database.get_collection("emergencies")
        self.waiting = database.get_collection("outbox")
        self.grants = Grants(database)
        self.headers = headers
        self.keyring = keyring
        self.sealer = Sealer(keyring, site="nord")  # type: ignore[arg-type]
        self.notes = Notes(RECORDS_ACCESS, source="/records/nord", about={"site": "nord"}, producer=producer, outbox=outbox)

    async def decide(self, ask: Ask, *, now: datetime) -> tuple[Permit | Refusal, Facts]:
        chart = self.headers.charts.get(ask.patient or "")
        grant = None if ask.patient is None else self.grants.known(ask.actor.ident, ask.patient, now)
        facts = Facts("nord", chart, in_force=True, standing=Standing(1), standings_heard=True, grant=grant)
        return decide(ask, facts, now=now), facts

    def a_patient(self, **more: Any) -> PatientId:
        patient = PatientId(str(uuid.uuid4()))
        self.headers.charts[patient] = ChartHeader(patient, 1, **more)
        return patient

    async def open(self, patient: str, *, now: datetime = NOW, actor: Actor | None = None) -> Opened:
        """As the door does."""
        who = actor or an_actor()
        asked = Asked(who, next(iter(who.purposes)), now, {PatientId(patient)})
        async with noting_failures(asked, Action.BREAK_GLASS, "Chart", resource=None, desk=self):  # type: ignore[arg-type]
            return await open_emergency(asked, patient, REASON, terms=TERMS, desk=self)  # type: ignore[arg-type]

    async def may_read(self, patient: PatientId, *, now: datetime, actor: Actor | None = None) -> bool:
        ask = Ask(actor or an_actor(), "TREAT", Action.READ, "Observation", patient)
        return isinstance((await self.decide(ask, now=now))[0], Permit)

    async def wrote(self, patient: str, *, now: datetime, staff: str = ME) -> None:
        """What a write's own transaction does."""
        await self.mongo.transact(lambda session: self.grants.follow_up(staff, patient, now=now, session=session))

    async def told(self, patient: str | None) -> list[dict[str, Any]]:
        """The notes about a patient, in the order of their numbers."""
        rows = await self.waiting.find({"topic": RECORDS_ACCESS.name}).sort([("number", 1)]).to_list(length=None)
        return [note for note in (orjson.loads(bytes(row["value"])) for row in rows) if note["patient"] == patient]

    async def stated(self, patient: str) -> list[dict[str, Any]]:
        """The events about a patient."""
        rows = await self.waiting.find({"topic": RECORDS_CHANGE.name, "key": patient.encode()}).to_list(length=None)
        return [orjson.loads(bytes(row["value"])) for row in rows]

    async def settle(self) -> None:
        """As if twenty seconds had passed since a transaction ended without a word."""
        ripe = [type(one)(one.notes, one.committed, 0.0) for one in self.notes._undecided]
        self.notes._undecided[:] = ripe
        await self.notes.rescue()

    def in_flight(self) -> list[int]:
        """Numbers that are neither in the outbox nor settled."""
        return list(self.notes._in_flight)
