"""Opens a chart to one clinician in an emergency: decided, and its grant, note and event kept together before it is answered."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from services.records.decision import Permit, Refusal
from services.records.desk import Desk
from services.records.emergency.grants import SEALED_AS, Emergency
from services.records.model import WHOLE_CHART, Ask, Asked, Grant
from services.records.noting import ACCESS, access_facts, failed
from services.records.refusals import GoneError, NotFoundError
from shared.clock import to_millisecond
from shared.errors import AnticipatedError, Sentence
from shared.events import EventRecord
from shared.events.records import EmergencyOpened
from shared.keyring import KeyErasedError
from shared.mongo import DuplicateKeyError, MongoError, StoreUnreachableError
from shared.vocabulary import Action, Outcome, PatientId, is_ours

_LOOKS = 20
_BETWEEN_LOOKS = 0.1


class WrongReasonError(AnticipatedError):
    """Somebody will review the emergency, and has nothing else to go by."""

    slug: ClassVar[str] = "wrong-reason"
    status: ClassVar[int] = 422
    fhir_code: ClassVar[str] = "value"
    sentence: ClassVar[Sentence] = Sentence(
        'Say why this is an emergency: {"reason": "..."}, 10 to 500 characters.',
        'Dites pourquoi il y a urgence : {"reason": "..."}, de 10 à 500 caractères.',
    )


@dataclass(frozen=True, slots=True)
class Terms:
    """How long an emergency lasts, and how long after its opening somebody has looked at it."""

    lasts: timedelta
    review_within: timedelta


@dataclass(frozen=True, slots=True)
class Opened:
    """The grant that stands; `anew` when this request opened it. `decision` is the id of its durable note."""

    emergency: Emergency
    decision: str
    anew: bool = False


async def open_emergency(asked: Asked, patient: str, reason: str, *, terms: Terms, desk: Desk) -> Opened:
    """While one is live it is answered again, whatever the reason. The door notes what the errors say.

    Raises AccessRefusedError, GoneError, NotFoundError, KeysUnavailableError or StoreUnreachableError.
    """
    permit = await _permitted(asked, patient, desk)
    newest = await desk.grants.newest(asked.actor.ident, patient)
    if newest is not None and newest.is_live(asked.now):
        desk.grants.remember(newest.grant)
        return Opened(newest, await desk.note(_facts(permit, newest, 200, "repeated"), now=asked.now))
    emergency = _drafted(asked, PatientId(patient), 1 if newest is None else newest.number + 1, terms)
    sealed = await _sealed(emergency, reason, desk)
    return await _kept(emergency, sealed, permit, asked.now, desk)


async def find_emergency(asked: Asked, patient: str, *, desk: Desk) -> Opened:
    """The asker's own live grant. Raises AccessRefusedError, GoneError or NotFoundError."""
    permit = await _permitted(asked, patient, desk)
    newest = await desk.grants.newest(asked.actor.ident, patient)
    if newest is None or not newest.is_live(asked.now):
        raise NotFoundError
    return Opened(newest, await desk.note(_facts(permit, newest, 200, "shown"), now=asked.now))


async def _permitted(asked: Asked, patient: str, desk: Desk) -> Permit:
    """A patient without a chart here is not named in the note of a refusal."""
    ask = Ask(asked.actor, asked.purpose, Action.BREAK_GLASS, WHOLE_CHART, PatientId(patient) if is_ours(patient) else None)
    verdict, facts = await desk.decide(ask, now=asked.now)
    if isinstance(verdict, Refusal):
        raise await desk.refuse(verdict if facts.chart else replace(verdict, ask=replace(ask, patient=None)), now=asked.now)
    if facts.chart is None:
        raise NotFoundError
    return verdict


def _drafted(asked: Asked, patient: PatientId, number: int, terms: Terms) -> Emergency:
    now = to_millisecond(asked.now)
    grant = Grant(str(uuid.uuid4()), asked.actor.ident, patient, now, now + terms.lasts)
    return Emergency(grant, number, asked.actor.unit, now + terms.review_within)


async def _sealed(emergency: Emergency, reason: str, desk: Desk) -> bytes:
    """The reason may tell how the patient is."""
    patient = emergency.grant.patient
    try:
        keys = await desk.sealer.keys_of(patient)
    except KeyErasedError:
        raise GoneError from None
    return desk.sealer.seal(keys, reason.encode(), desk.sealer.place(patient, SEALED_AS, emergency.grant.ident, 1))


async def _kept(emergency: Emergency, reason: bytes, permit: Permit, now: datetime, desk: Desk) -> Opened:
    facts = _facts(permit, emergency, 201, "opened")
    note = desk.notes.draw(ACCESS, facts, now=now)
    event = _event(emergency, desk.site, now)

    async def work(session: Any) -> None:
        await desk.grants.keep(emergency, reason=reason, note=note.ident, session=session)
        await desk.notes.outbox.add([note, event], now=now, incarnation=desk.notes.incarnation, session=session)

    try:
        await desk.mongo.transact(work)
    except DuplicateKeyError:
        return await _opened_by_another(emergency, permit, note, now, desk)
    except BaseException as error:
        _settle_later(emergency, note, facts, now, desk)
        if isinstance(error, MongoError):
            raise StoreUnreachableError from error
        raise
    desk.notes.landed(note)
    desk.notes.outbox.filled.set()
    desk.grants.remember(emergency.grant)
    return Opened(emergency, note.ident, anew=True)


async def _opened_by_another(draft: Emergency, permit: Permit, note: EventRecord, now: datetime, desk: Desk) -> Opened:
    """The same person asked twice at once: the grant that was kept stands, and the number drawn here tells of it."""
    told = failed(_facts(permit, draft, 201, "opened"), outcome=Outcome.UNREADABLE, status=503, reason=StoreUnreachableError.slug)
    found = None
    try:
        found = await _until_seen(draft, desk)
        told = _facts(permit, found, 200, "repeated")
    finally:
        instead = desk.notes.redraw(note, told, now=now)
        await desk.notes.keep(instead)
    desk.grants.remember(found.grant)
    return Opened(found, instead.ident)


async def _until_seen(draft: Emergency, desk: Desk) -> Emergency:
    """A commit is in the way of another before a majority has it. Raises StoreUnreachableError when it is never seen."""
    for _ in range(_LOOKS):
        found = await desk.grants.newest(draft.grant.staff, draft.grant.patient)
        if found is not None and found.number >= draft.number:
            return found
        await asyncio.sleep(_BETWEEN_LOOKS)
    raise StoreUnreachableError


def _settle_later(emergency: Emergency, note: EventRecord, facts: Mapping[str, Any], now: datetime, desk: Desk) -> None:
    """Nobody told how the transaction ended: the row says which note it carried."""
    told = failed(facts, outcome=Outcome.UNREADABLE, status=503, reason=StoreUnreachableError.slug)
    pair = (note, desk.notes.redraw(note, told, now=now))
    desk.notes.settle_later([pair], lambda: desk.grants.told_by(emergency, note.ident))


def _facts(permit: Permit, emergency: Emergency, status: int, step: str) -> dict[str, Any]:
    ident = emergency.grant.ident
    return access_facts(permit.ask, outcome=Outcome.ANSWERED, status=status, verdict=permit, step=step, emergency=ident)


def _event(emergency: Emergency, site: str, now: datetime) -> EventRecord:
    grant = emergency.grant
    return EmergencyOpened(
        patient=grant.patient,
        site=site,
        grant=grant.ident,
        staff=grant.staff,
        unit=emergency.unit,
        opened_at=grant.opened_at,
        ends_at=grant.ends_at,
        review_due_at=emergency.review_due_at,
    ).to_record(source=f"/records/{site}", now=now)
