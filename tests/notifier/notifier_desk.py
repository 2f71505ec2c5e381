"""One notifier in this process: what it keeps, notes and states, and a door before which anybody can stand."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson

from services.notifier.api import router
from services.notifier.desk import Desk
from services.notifier.messages.courier import Courier, MailServer
from services.notifier.messages.post_office import PostOffice
from services.notifier.model import About, Asked, Thing
from services.notifier.requests_api import requests
from services.notifier.resources import NotifierResources, _ensure_indexes, make_desk
from services.notifier.settings import NotifierSettings
from services.notifier.status_api import status
from shared.clock import utc_now
from shared.events.audit import AffectedFound, SuspicionRaised
from shared.events.records import EmergencyOpened
from shared.http import create_app
from shared.identity import Actor, TokenIncompleteError, TokenRefusedError
from shared.kafka import Producer, connection_of
from shared.mongo import Mongo, open_mongo
from shared.vault import Vault
from shared.vocabulary import Action, PatientId, Profession

NOW = utc_now().replace(microsecond=125000) - timedelta(hours=10)
"""Hours before this run: doors take the time themselves, and what is due in a day must not be over, nor what was said lie ahead."""
HOUR = timedelta(hours=1)
PATIENT = "5f0c54d2-3f0a-4c52-9d6e-0a0d9f4b1c11"
OTHER_PATIENT = "7d0c54d2-3f0a-4c52-9d6e-0a0d9f4b1c22"
ODILE, PAUL, SIMONE = "officer-odile", "officer-paul", "officer-simone"
STAFF = [
    {"id": ODILE, "profession": "privacy-officer", "site": "nord", "mail": "odile@demo.invalid"},
    {"id": PAUL, "profession": "privacy-officer", "site": "nord", "mail": "paul@demo.invalid"},
    {"id": SIMONE, "profession": "privacy-officer", "site": "sud", "mail": "simone@demo.invalid"},
    {"id": "clerk", "profession": "clerk", "site": "nord", "mail": "clerk@demo.invalid"},
]


def a_suspicion(name: str = "s1", *, rule: str = "bulk-lookup", site: str | None = "nord", **evidence: Any) -> SuspicionRaised:
    found = {"actor": "clerk", "actorSite": site, "first": "2026-11-25T18:04:00Z", "last": "2026-11-25T18:06:00Z", "count": 20} | evidence
    told = {name: value for name, value in found.items() if value is not None}
    return SuspicionRaised(suspicion=f"{rule}/clerk/{name}", rule=rule, log="records.access", evidence=told, raised_at=NOW)


def about_the_ledger(name: str = "l1", *, rule: str = "gap") -> SuspicionRaised:
    return SuspicionRaised(suspicion=f"{rule}/x/{name}", rule=rule, log="records.access", evidence={"missing": [[1, 2]]}, raised_at=NOW)


def an_emergency(grant: str = "grant-1", *, patient: str = PATIENT, site: str = "nord") -> EmergencyOpened:
    known = {"patient": patient, "site": site, "grant": grant, "staff": "dr-c", "unit": "nord-urgences", "opened_at": NOW}
    return EmergencyOpened.model_validate(known | {"ends_at": NOW + 4 * HOUR, "review_due_at": NOW + 72 * HOUR})


def affected(case: str, *patients: str, through: int = 10, at: datetime = NOW) -> AffectedFound:
    known = {"case": case, "suspicion": "s", "patients": list(patients), "accesses": len(patients), "through": through, "computed_at": at}
    return AffectedFound.model_validate(known)


def asked(who: str = ODILE, *, now: datetime = NOW + HOUR, site: str = "nord", action: Action = Action.UPDATE) -> Asked:
    """A privacy officer, for compliance."""
    return Asked(an_actor(who, Profession.PRIVACY_OFFICER, site=site, purpose="HCOMPL"), "HCOMPL", now, About(action, Thing.CASE))


def an_actor(who: str, profession: Profession, *, site: str = "nord", purpose: str, patient: str | None = None) -> Actor:
    known = PatientId(patient) if patient else None
    return Actor(who, "A Name", profession, site, "", frozenset(purpose.split()), "", known, "pwd", "digest", 0.0)


@dataclass
class NotifierDesk:
    """The service's own things, and what they have left in its database."""

    settings: NotifierSettings
    things: Desk
    keyring_mongo: Mongo
    vault: Vault

    @property
    def database(self) -> Any:
        return self.things.database

    async def noted(self) -> list[dict[str, Any]]:
        """What the notes say, in their order."""
        return [orjson.loads(row["value"]) for row in await self._outbox("notifier.access")]

    async def stated(self) -> list[dict[str, Any]]:
        return [orjson.loads(row["value"]) for row in await self._outbox("notifier.change")]

    async def _outbox(self, topic: str) -> list[Any]:
        rows: list[Any] = await self.database.outbox.find({"topic": topic}).sort([("at", 1), ("number", 1)]).to_list(length=None)
        return rows

    async def mails(self, template: str | None = None) -> list[dict[str, Any]]:
        query = {"channel": "mail"} | ({"template": template} if template else {})
        rows: list[dict[str, Any]] = await self.database.messages.find(query).sort("to", 1).to_list(length=None)
        return rows

    def post_office(self, port: int, *, lease: float = 60.0, patience: float = 0.5) -> PostOffice:
        """Another one is another process."""
        courier = Courier(MailServer("127.0.0.1", port, self.settings.mail_from, timedelta(seconds=patience)))
        return self.post_office_with(courier, lease=lease)

    def post_office_with(self, courier: Any, *, lease: float = 60.0) -> PostOffice:
        sender = self.settings.mail_from
        return PostOffice(
            self.things.messages, courier=courier, contacts=self.things.contacts, sender=sender, lease=timedelta(seconds=lease)
        )

    def with_mongo(self, mongo: Any) -> Desk:
        return replace(self.things, mongo=mongo)


@asynccontextmanager
async def open_desk(settings: NotifierSettings) -> AsyncIterator[NotifierDesk]:
    """Its producer is never started, so every note goes to the outbox."""
    mongo = open_mongo(settings.mongodb_uri.get_secret_value(), driver=settings.mongo_driver)
    keyring_mongo = open_mongo(settings.keyring_uri.get_secret_value(), driver=settings.mongo_driver)
    vault = Vault(settings.vault_address, role_id=settings.vault_role_id, secret_id_file=settings.vault_secret_id_file)
    await vault.open()
    things = make_desk(settings, mongo, keyring_mongo, vault, Producer(connection_of(settings), client_id="none"))
    await _ensure_indexes(things)
    try:
        yield NotifierDesk(settings, things, keyring_mongo, vault)
    finally:
        await vault.close()
        await keyring_mongo.close()
        await mongo.close()


class Crash(BaseException):
    """The process was killed here."""


@dataclass
class CrashingMongo:
    """Kills the process inside a transaction, or right after it: the commit's answer never comes."""

    mongo: Mongo
    after_commit: bool
    error: type[BaseException] = Crash

    async def transact(self, work: Any) -> Any:
        if self.after_commit:
            await self.mongo.transact(work)
            raise self.error

        async def doomed(session: Any) -> None:
            await work(session)
            raise self.error

        return await self.mongo.transact(doomed)


PEOPLE: Mapping[str, Actor] = {
    "odile": an_actor(ODILE, Profession.PRIVACY_OFFICER, purpose="HCOMPL"),
    "paul": an_actor(PAUL, Profession.PRIVACY_OFFICER, purpose="HCOMPL"),
    "simone": an_actor(SIMONE, Profession.PRIVACY_OFFICER, site="sud", purpose="HCOMPL"),
    "both": an_actor(ODILE, Profession.PRIVACY_OFFICER, purpose="HCOMPL RECORDMGT"),
    "keeper": an_actor(ODILE, Profession.PRIVACY_OFFICER, purpose="RECORDMGT"),
    "clinician": an_actor("dr-c", Profession.CLINICIAN, purpose="TREAT"),
    "clerk": an_actor("clerk", Profession.CLERK, purpose="PATADMIN"),
    "trainer": an_actor("trainer", Profession.TRAINER, purpose="TRAIN"),
    "operator": an_actor("operator", Profession.OPERATOR, purpose="HSYSADMIN"),
    "integration": an_actor("interface", Profession.INTEGRATION, purpose="RECORDMGT"),
    "patient": an_actor("p-1", Profession.PATIENT, purpose="PATRQT", patient=PATIENT),
    "other-patient": an_actor("p-2", Profession.PATIENT, purpose="PATRQT", patient=OTHER_PATIENT),
    "new-patient": an_actor("p-3", Profession.PATIENT, purpose="PATRQT"),
}


class PlayedIdentities:
    """The token is a name of `PEOPLE`."""

    async def verify(self, token: bytes) -> Actor:
        name = token.decode()
        if name == "incomplete":
            raise TokenIncompleteError("somebody")
        if name not in PEOPLE:
            raise TokenRefusedError
        return PEOPLE[name]


@asynccontextmanager
async def open_door(desk: NotifierDesk, things: Desk | None = None) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app("notifier", lifespan=None, pings=lambda _: {})  # type: ignore[arg-type]
    app.state.resources = NotifierResources(
        desk.settings,
        things or desk.things,
        PlayedIdentities(),  # type: ignore[arg-type]
        desk.things.mongo,
        desk.keyring_mongo,
        desk.vault,
        door=None,  # type: ignore[arg-type]
    )
    app.include_router(router)
    app.include_router(requests)
    app.include_router(status)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://notifier") as opened:
        yield opened


def as_(who: str, *, version: int | str | None = None, **more: str) -> dict[str, str]:
    """Headers."""
    tag = {} if version is None else {"if-match": f'"{version}"' if isinstance(version, int) else version}
    return {"authorization": f"Bearer {who}"} | tag | more


def facts(notes: Sequence[Mapping[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(note.get(name) for name in names) for note in notes]


async def rested(desk: NotifierDesk) -> None:
    """Every pause is over."""
    await desk.database.messages.update_many({"next_at": {"$ne": None}}, {"$set": {"next_at": utc_now() - HOUR}})
