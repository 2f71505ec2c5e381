"""Tells a patient, or a privacy officer, who looked: the notes of one log about that patient, the newest first; reading it is noted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from services.audit.entry_sealer import EntrySealer
from services.audit.ledger_store import LedgerStore
from services.audit.model import Entry, Log
from services.audit.reading.watch_activity import opened_note, shown, word
from shared.errors import AnticipatedError, Sentence
from shared.identity import Actor, PurposeNotHeldError, TokenIncompleteError
from shared.notes import Notes, actor_facts
from shared.vocabulary import Action, Outcome, Profession, Purpose, is_ours

ACCESS = "org.serment.audit.access.v1"
PAGE = 100
_WHAT = {"action": Action.SEARCH, "resourceType": "AuditEvent"}


class NotYourTrailError(AnticipatedError):
    """Who looked is told to the patient, and to privacy officers."""

    slug: ClassVar[str] = "not-your-trail"
    status: ClassVar[int] = 403
    fhir_code: ClassVar[str] = "forbidden"
    sentence: ClassVar[Sentence] = Sentence(
        "Who looked at a record is told to the patient, for PATRQT, and to privacy officers, for HCOMPL.",
        "Qui a consulté un dossier est dit au patient, pour PATRQT, et aux délégués à la protection des données, pour HCOMPL.",
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for whose trail; `patient` is None when the address holds no id of ours, which is then repeated nowhere."""

    actor: Actor
    purpose: str
    patient: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Trail:
    """`following` is the index below which the next page begins; `decision` is the id of the note of this reading."""

    accesses: Sequence[Mapping[str, Any]] = field(repr=False)
    following: int | None
    decision: str


def asked_for(actor: Actor, purpose: str, patient: str, *, now: datetime) -> Asked:
    return Asked(actor, purpose, _ours(patient), now)


def _ours(patient: str) -> str | None:
    return patient if is_ours(patient) else None


def may_read(asked: Asked) -> bool:
    if asked.actor.profession is Profession.PATIENT:
        return asked.purpose == Purpose.PATIENT_REQUEST and asked.patient is not None and asked.patient == asked.actor.patient
    return asked.actor.profession is Profession.PRIVACY_OFFICER and asked.purpose == Purpose.COMPLIANCE


async def read_trail(asked: Asked, log: Log, *, before: int | None, store: LedgerStore, sealer: EntrySealer, notes: Notes) -> Trail:
    """Raises NotYourTrailError, noted, or NoteNotKeptError."""
    if not may_read(asked):
        await _note(asked, notes, outcome=Outcome.REFUSED, status=NotYourTrailError.status, reason=NotYourTrailError.slug)
        raise NotYourTrailError
    found = [] if asked.patient is None else await _about(asked.patient, log, before, store=store, sealer=sealer)
    officer = asked.actor.profession is Profession.PRIVACY_OFFICER
    opened = [(entry, await opened_note(log, entry, sealer)) for entry in found]
    accesses = [{"index": entry.index, "note": entry.note, **_told(note, officer=officer)} for entry, note in opened]
    decision = await _note(asked, notes, outcome=Outcome.ANSWERED, status=200, count=len(accesses))
    return Trail(accesses, found[-1].index if len(found) == PAGE else None, decision)


async def _about(patient: str, log: Log, before: int | None, *, store: LedgerStore, sealer: EntrySealer) -> list[Entry]:
    if before is None:
        head = await store.head(log)
        before = head.size if head else 0
    return await store.about(log, await sealer.about(patient), before=before, most=PAGE)


def _told(note: Mapping[str, Any], *, officer: bool) -> dict[str, Any]:
    """Role, unit and site; the account itself to officers only."""
    told = shown(note) | {"step": word(note.get("step")), "emergency": "emergency" in note}
    actor = note.get("actor")
    return told | {"actor": actor.get("id") if isinstance(actor, dict) else None} if officer else told


async def note_incomplete(error: TokenIncompleteError | PurposeNotHeldError, patient: str, *, now: datetime, notes: Notes) -> None:
    """A genuine token that does not say enough to be decided about."""
    actor = actor_facts(error.actor) if isinstance(error, PurposeNotHeldError) else {"id": error.subject}
    facts = {"actor": actor, "patient": _ours(patient), "outcome": Outcome.REFUSED, "status": error.status, "reason": error.slug}
    await notes.keep(notes.draw(ACCESS, _WHAT | facts, now=now))
    error.noted = True


async def _note(asked: Asked, notes: Notes, *, outcome: Outcome, status: int, **more: Any) -> str:
    facts = {"actor": actor_facts(asked.actor), "purpose": asked.purpose, "patient": asked.patient, "outcome": outcome, "status": status}
    record = notes.draw(ACCESS, _WHAT | facts | more, now=asked.now)
    await notes.keep(record)
    return record.ident
