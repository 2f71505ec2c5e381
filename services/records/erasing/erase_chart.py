"""Erases a chart: one officer proposes, another confirms, then its keys are destroyed and the fact is noted and told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from services.records.decision import Permit, Refusal
from services.records.desk import Desk
from services.records.erasing.erasures import Erasure, Erasures, ErasureState, proposed_erasure
from services.records.erasing.forbidding import Forbidding
from services.records.model import WHOLE_CHART, Ask, Asked
from services.records.noting import ACCESS, access_facts, failed
from services.records.refusals import NotFoundError
from shared.clock import utc_now
from shared.errors import AnticipatedError, Sentence
from shared.events import EventRecord
from shared.events.records import ChartErased
from shared.keyring import Keyring
from shared.mongo import MongoError, StoreUnreachableError
from shared.vocabulary import Action, Outcome, PatientId, is_ours


class SamePersonError(AnticipatedError):
    """Two people are needed."""

    slug: ClassVar[str] = "same-person"
    status: ClassVar[int] = 409
    fhir_code: ClassVar[str] = "conflict"
    sentence: ClassVar[Sentence] = Sentence(
        "An erasure is confirmed by another officer than the one who proposed it.",
        "Un effacement est confirmé par un autre responsable que celui qui l’a proposé.",
    )


class WrongGroundsError(AnticipatedError):
    """The proposal does not name its grounds."""

    slug: ClassVar[str] = "wrong-grounds"
    status: ClassVar[int] = 422
    fhir_code: ClassVar[str] = "value"
    sentence: ClassVar[Sentence] = Sentence(
        "Name the grounds: `retention-ended`, `person-asked` or `unlawful`.",
        "Indiquez le fondement : `retention-ended`, `person-asked` ou `unlawful`.",
    )


@dataclass(frozen=True, slots=True)
class Eraser:
    """What erasing needs besides the desk."""

    erasures: Erasures
    keyring: Keyring
    forbidding: Forbidding


async def propose_erasure(asked: Asked, patient: str, grounds: str, *, eraser: Eraser, desk: Desk) -> Erasure:
    """The first officer's word. Raises AccessRefusedError, GoneError or NotFoundError, each noted."""
    permit = await _permitted(asked, patient, desk)
    proposed = proposed_erasure(patient, grounds=grounds, officer=asked.actor.ident, now=asked.now)
    note = desk.notes.draw(
        ACCESS, access_facts(permit.ask, outcome=Outcome.ANSWERED, status=201, verdict=permit, step="proposed"), now=asked.now
    )

    async def work(session: Any) -> Erasure:
        await eraser.erasures.propose(proposed, session=session)
        await desk.notes.outbox.add([note], now=asked.now, incarnation=desk.notes.incarnation, session=session)
        return proposed

    try:
        erasure = await desk.mongo.transact(work)
    except BaseException as error:
        _settle_later(note, permit, proposed, now=asked.now, eraser=eraser, desk=desk)
        raise StoreUnreachableError from error
    desk.notes.landed(note)
    desk.notes.outbox.filled.set()
    return erasure


def _settle_later(note: EventRecord, permit: Permit, proposed: Erasure, *, now: datetime, eraser: Eraser, desk: Desk) -> None:
    """Whether the proposal was kept is read back from its own row: the note may have been relayed by then."""
    facts = access_facts(permit.ask, outcome=Outcome.UNREADABLE, status=503, verdict=permit, step="proposed")
    otherwise = desk.notes.redraw(note, facts, now=now)

    async def kept() -> bool:
        return await eraser.erasures.find(proposed.ident) is not None

    desk.notes.settle_later([(note, otherwise)], kept)


async def confirm_erasure(asked: Asked, ident: str, *, eraser: Eraser, desk: Desk) -> Erasure:
    """The second officer's word, and the destruction. Confirming again what is destroyed changes nothing.

    Raises SamePersonError, NotFoundError or AccessRefusedError, each noted.
    """
    erasure = await eraser.erasures.find(ident) if is_ours(ident) else None
    if erasure is None:
        verdict, _facts = await desk.decide(_ask(asked, None), now=asked.now)
        if isinstance(verdict, Refusal):
            raise await desk.refuse(verdict, now=asked.now)
        await desk.note(access_facts(_ask(asked, None), outcome=Outcome.NOT_FOUND, status=404), now=asked.now)
        raise NotFoundError
    if erasure.state is ErasureState.DESTROYED:
        await desk.note(
            access_facts(_ask(asked, PatientId(erasure.patient)), outcome=Outcome.ANSWERED, status=200, step="repeated"), now=asked.now
        )
        return erasure
    permit = await _permitted(asked, erasure.patient, desk)
    if not await eraser.erasures.start(ident, officer=asked.actor.ident) and erasure.state is ErasureState.PROPOSED:
        facts = access_facts(permit.ask, outcome=Outcome.CONFLICT, status=SamePersonError.status, verdict=permit, step="confirmed")
        await desk.note(facts, now=asked.now)
        raise SamePersonError
    facts = access_facts(permit.ask, outcome=Outcome.ANSWERED, status=200, verdict=permit, step="destroyed")
    await destroy(erasure, facts, now=asked.now, eraser=eraser, desk=desk)
    return await eraser.erasures.find(ident) or erasure


async def destroy(erasure: Erasure, facts: Mapping[str, Any], *, now: datetime, eraser: Eraser, desk: Desk) -> None:
    """Forbidden everywhere first, then the keys, then the fact: whoever is killed in between leaves a state that is finished later.

    What somebody else finished meanwhile is as destroyed, and noted as repeated.

    Raises ErasureNotInForceError while `consent` does not answer.
    """
    patient = PatientId(erasure.patient)
    await eraser.forbidding.forbid(patient, erasure=erasure.ident, officer=erasure.confirmed_by or erasure.proposed_by)
    await eraser.keyring.destroy(patient, now=now, reference=erasure.ident)
    desk.headers.erased.add(patient)
    desk.headers.forget(patient)
    note = desk.notes.draw(ACCESS, facts, now=now)
    event = ChartErased(patient=patient, site=desk.site, erasure=erasure.ident, destroyed_at=now).to_record(
        source=f"/records/{desk.site}", now=now
    )

    async def work(session: Any) -> bool:
        if not await eraser.erasures.finish(erasure, note=note.ident, now=now, session=session):
            return False
        await desk.headers.mark_erased(patient, erasure=erasure.ident, session=session)
        await desk.patients.keep(patient, (), session=session)
        await desk.notes.outbox.add([note, event], now=now, incarnation=desk.notes.incarnation, session=session)
        return True

    try:
        finished = await desk.mongo.transact(work)
    except BaseException as error:
        facts = failed(facts, outcome=Outcome.UNREADABLE, status=StoreUnreachableError.status, reason=StoreUnreachableError.slug)
        otherwise = desk.notes.redraw(note, facts, now=now)
        desk.notes.settle_later([(note, otherwise)], lambda: eraser.erasures.finished_by(erasure.ident, note.ident))
        if isinstance(error, MongoError):
            raise StoreUnreachableError from error
        raise
    if not finished:
        await desk.notes.keep(desk.notes.redraw(note, {**facts, "step": "repeated"}, now=now))
        return
    desk.notes.landed(note)
    desk.notes.outbox.filled.set()


async def resume_erasures(*, eraser: Eraser, desk: Desk) -> int:
    """Finishes what a killed process had begun; its note says so, in the name of the officer who confirmed."""
    unfinished = await eraser.erasures.unfinished()
    for erasure in unfinished:
        facts = {"actor": {"id": erasure.confirmed_by}, "action": Action.ERASE, "resourceType": WHOLE_CHART, "patient": erasure.patient}
        await destroy(erasure, facts | {"outcome": Outcome.ANSWERED, "step": "resumed"}, now=utc_now(), eraser=eraser, desk=desk)
    return len(unfinished)


def _ask(asked: Asked, patient: PatientId | None) -> Ask:
    return Ask(asked.actor, asked.purpose, Action.ERASE, WHOLE_CHART, patient)


async def _permitted(asked: Asked, patient: str, desk: Desk) -> Permit:
    known = PatientId(patient) if is_ours(patient) else None
    chart = None if known is None else await desk.headers.find(known, now=asked.now)
    verdict, _facts = await desk.decide(_ask(asked, known if chart else None), now=asked.now)
    if isinstance(verdict, Refusal):
        raise await desk.refuse(verdict, now=asked.now)
    if chart is None:
        await desk.note(access_facts(verdict.ask, outcome=Outcome.NOT_FOUND, status=404, verdict=verdict), now=asked.now)
        error = NotFoundError()
        error.noted = True
        raise error
    return verdict
