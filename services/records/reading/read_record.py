"""Reads one resource: locate, decide, open, note, check again, answer."""

from dataclasses import dataclass, field
from datetime import datetime

from services.records.decision import Permit, Refusal, hides
from services.records.desk import Desk
from services.records.model import Ask, OpenedRecord, SealedRecord
from services.records.noting import access_facts, label_class
from services.records.refusals import FactsChangedError, GoneError, NotFoundError, UnreadableRecordError
from services.records.sealer import KeyErasedError, UnreadableError
from shared.identity import Actor
from shared.vocabulary import Action, Outcome, is_ours


@dataclass(frozen=True, slots=True)
class Read:
    """An answer whose note is durable; `decision` is that note's id."""

    record: SealedRecord
    decision: str
    body: bytes = field(repr=False)


async def read_record(actor: Actor, purpose: str, type_: str, ident: str, *, now: datetime, desk: Desk) -> Read:
    """Raises AccessRefusedError, NotFoundError, GoneError, FactsChangedError, or what keeps it from being noted.

    Unknown ids take the same way as known ones; an id that this server cannot have given is not repeated in the note.
    """
    known_form = is_ours(ident)
    record = await desk.store.find(f"{type_}/{ident}") if known_form else None
    address = f"{type_}/{ident}" if known_form else None
    ask = Ask(actor, purpose, Action.READ, type_, None if record is None else record.patient)
    verdict, _facts = await desk.decide(ask, now=now)
    if isinstance(verdict, Refusal):
        raise await desk.refuse(verdict, now=now, resource=address)
    if record is None:
        raise await _unanswered(NotFoundError(), Outcome.NOT_FOUND, verdict, address, now, desk)
    if record.deleted:
        raise await _unanswered(GoneError(), Outcome.GONE, verdict, address, now, desk)

    opened = await _open(record, verdict, now=now, desk=desk)
    facts = access_facts(
        ask,
        outcome=Outcome.ANSWERED,
        status=200,
        verdict=verdict,
        resource=address,
        version=record.version,
        labels=label_class(opened.labels),
    )
    decision = await desk.note(facts, now=now)
    if not desk.still_holds(verdict):
        raise FactsChangedError
    return Read(record, decision, opened.body)


async def _open(record: SealedRecord, permit: Permit, *, now: datetime, desk: Desk) -> OpenedRecord:
    """What the residual filter hides looks like an unknown id, and is noted as hidden."""
    try:
        opened = await desk.sealer.open(record, permit)
    except KeyErasedError:
        raise await _unanswered(GoneError(), Outcome.GONE, permit, record.address, now, desk) from None
    except UnreadableError:
        raise await _unanswered(UnreadableRecordError(), Outcome.UNREADABLE, permit, record.address, now, desk) from None
    if hides(permit.residual, opened.labels):
        raise await _unanswered(NotFoundError(), Outcome.HIDDEN, permit, record.address, now, desk)
    return opened


Unanswered = NotFoundError | GoneError | UnreadableRecordError


async def _unanswered(error: Unanswered, outcome: Outcome, permit: Permit, address: str | None, now: datetime, desk: Desk) -> Unanswered:
    await desk.note(access_facts(permit.ask, outcome=outcome, status=error.status, verdict=permit, resource=address), now=now)
    error.noted = True
    return error
