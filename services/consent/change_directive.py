"""Changes one patient's directive: one transaction with its note and event, then waiting until it is in force everywhere."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from prometheus_client import Histogram

from services.consent.compiling import compile_directive
from services.consent.desk import Asked, Desk
from services.consent.enforcing.await_force import await_force
from services.consent.enforcing.fence import FenceState
from services.consent.model import Change
from services.consent.noting import ACCESS, access_facts
from services.consent.refusals import KeyReusedError, StoreBehindError
from shared.clock import rfc3339, utc_now
from shared.elapsed import Reading
from shared.errors import AnticipatedError
from shared.events import EventRecord, cloud_headers
from shared.events.consent import DirectiveChanged
from shared.events.topics import CONSENT_DIRECTIVE
from shared.keyring import OwnersKeys
from shared.mongo import DuplicateKeyError, MongoError, StoreUnreachableError
from shared.vocabulary import Action, Outcome, PatientId

IN_FORCE = Histogram(
    "serment_consent_in_force_seconds",
    "From the commit of a change to its being in force everywhere.",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 21, 30),
)
SOURCE = "/consent"


@dataclass(frozen=True, slots=True)
class Intent:
    """What is to be changed: `apply(session)` writes it within the transaction; `told` goes into its note.

    `ident` comes from the caller's idempotency key, `digest` from all that was asked under it; without a key it was never asked before.
    """

    ident: str
    digest: str
    patient: PatientId
    subject: str
    action: Action
    told: dict[str, Any]
    apply: Callable[[Any], Awaitable[None]]
    repeatable: bool = True


async def change_directive(asked: Asked, intent: Intent, keys: OwnersKeys | None, *, desk: Desk) -> Change:
    """In force when this returns. The same request again changes nothing, and waits again if it must.

    Raises KeyReusedError, what `apply` raises, or StoreUnreachableError when nobody told how the commit ended: ask again.
    """
    known = await desk.store.find_change(intent.ident) if intent.repeatable else None
    if known is not None:
        return await _again(asked, intent, known, desk)
    facts = access_facts(
        asked.actor, asked.purpose, intent.action, patient=intent.patient, outcome=Outcome.ANSWERED, status=200, **intent.told
    )
    note = desk.notes.draw(ACCESS, facts, now=asked.now)
    try:
        change = await desk.fence.change(lambda state, session: _work(intent, keys, note, state, session, desk))
    except (DuplicateKeyError, AnticipatedError) as error:
        await desk.notes.keep(desk.notes.redraw(note, _failed(facts, error), now=asked.now))
        known = await desk.store.find_change(intent.ident)
        if isinstance(error, AnticipatedError) or known is None:
            raise
        return await _again(asked, intent, known, desk)
    except BaseException as error:
        _settle_later(note, facts, intent, asked, desk)
        if isinstance(error, MongoError):
            raise StoreUnreachableError from error
        raise
    since = desk.clocks()
    desk.notes.landed(note)
    desk.notes.outbox.filled.set()
    return await bring_into_force(change, since=since, desk=desk)


async def bring_into_force(change: Change, *, since: Reading, desk: Desk) -> Change:
    """Waits, and writes down when and how it came into force, before anybody is told."""
    if change.in_force_at is not None:
        return change
    evidence = await await_force(change, since=since, fence=desk.fence, positions=desk.positions, lease=desk.lease, clocks=desk.clocks)
    IN_FORCE.observe(evidence.milliseconds / 1000)
    return await desk.store.mark_in_force(change, evidence, now=utc_now())


async def _again(asked: Asked, intent: Intent, known: Change, desk: Desk) -> Change:
    """The answer to a request that was committed before: it is an answer like any other, so it is noted."""
    if (known.patient, known.subject, known.digest) != (intent.patient, intent.subject, intent.digest):
        raise await desk.refuse(KeyReusedError(), asked, intent.action, patient=intent.patient)
    change = await bring_into_force(known, since=desk.clocks(), desk=desk)
    await desk.note(asked, intent.action, patient=intent.patient, outcome=Outcome.ANSWERED, status=200, **intent.told, step="repeated")
    return change


async def _work(intent: Intent, keys: OwnersKeys | None, note: EventRecord, state: FenceState, session: Any, desk: Desk) -> Change:
    """The transaction after its first write: the change, what it changes, the patient's new directive, its note and event."""
    if state.behind >= state.head:  # the number just drawn has been given out before
        raise StoreBehindError
    change = Change(intent.ident, intent.patient, intent.subject, state.epoch, state.head, tuple(state.members), intent.digest)
    await desk.store.begin_change(change, session=session)
    await intent.apply(session)
    consents = [] if keys is None else await desk.store.of_patient(intent.patient, keys, session=session)
    erased = await desk.store.erased_sites(intent.patient, session=session)
    directive = compile_directive(intent.patient, consents, erased=erased, number=state.head, epoch=state.epoch)
    value = await desk.fence.keep(directive, session=session)
    at = utc_now()  # after the fence was written: rows of later numbers are never older, and the relay keeps their order
    await desk.notes.outbox.add([note, _event(intent.patient, value, at)], now=at, incarnation=desk.notes.incarnation, session=session)
    return change


def _event(patient: str, value: bytes, now: datetime) -> EventRecord:
    """The very bytes that are kept beside the fence."""
    ident = str(uuid.uuid4())
    headers = cloud_headers(ident=ident, source=SOURCE, type_=DirectiveChanged.type, time=rfc3339(now))
    return EventRecord(ident, CONSENT_DIRECTIVE.name, patient.encode(), headers, value, 0)


def _failed(facts: dict[str, Any], error: Exception) -> dict[str, Any]:
    if isinstance(error, AnticipatedError):
        error.noted = True
        return facts | {"outcome": Outcome.CONFLICT, "status": error.status, "reason": error.slug}
    return facts | {"outcome": Outcome.CONFLICT, "status": 200, "reason": "committed-before"}


def _settle_later(note: EventRecord, facts: dict[str, Any], intent: Intent, asked: Asked, desk: Desk) -> None:
    told = facts | {"outcome": Outcome.UNREADABLE, "status": StoreUnreachableError.status, "reason": StoreUnreachableError.slug}
    otherwise = desk.notes.redraw(note, told, now=asked.now)

    async def committed() -> bool:
        return await desk.store.find_change(intent.ident) is not None

    desk.notes.settle_later([(note, otherwise)], committed)
