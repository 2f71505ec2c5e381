"""Tells a patient, or a privacy officer, who looked: the notes of one log about that patient, the newest first; reading it is noted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from services.audit.model import Entry, Log
from services.audit.reading.noting import Asked, note_reading
from services.audit.reading.reading_desk import ReadingDesk
from services.audit.reading.telling import told_to_officer, told_to_patient
from services.audit.reading.watch_activity import opened_note
from shared.errors import AnticipatedError, Sentence
from shared.vocabulary import Outcome, Profession, Purpose

PAGE = 100


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
class Trail:
    """`following` is the index below which the next page begins; `decision` is the id of the note of this reading."""

    accesses: Sequence[Mapping[str, Any]] = field(repr=False)
    following: int | None
    decision: str


def may_read(asked: Asked) -> bool:
    if asked.actor.profession is Profession.PATIENT:
        return asked.purpose == Purpose.PATIENT_REQUEST and asked.patient is not None and asked.patient == asked.actor.patient
    return asked.actor.profession is Profession.PRIVACY_OFFICER and asked.purpose == Purpose.COMPLIANCE


async def read_trail(asked: Asked, log: Log, *, before: int | None, desk: ReadingDesk) -> Trail:
    """Raises NotYourTrailError, noted, or NoteNotKeptError."""
    about = [asked.patient]
    if not may_read(asked):
        error = NotYourTrailError()
        await note_reading(asked, about, notes=desk.notes, outcome=Outcome.REFUSED, status=error.status, reason=error.slug)
        raise error
    found = [] if asked.patient is None else await _about(asked.patient, log, before, desk=desk)
    opened = [(entry, await opened_note(log, entry, desk.sealer)) for entry in found]
    accesses = [{"index": entry.index, "note": entry.note, **_told(note, asked, desk)} for entry, note in opened]
    decision = await note_reading(asked, about, notes=desk.notes, outcome=Outcome.ANSWERED, status=200, count=len(accesses))
    return Trail(accesses, found[-1].index if len(found) == PAGE else None, decision)


async def _about(patient: str, log: Log, before: int | None, *, desk: ReadingDesk) -> list[Entry]:
    if before is None:
        head = await desk.store.head(log)
        before = head.size if head else 0
    return await desk.store.about(log, await desk.sealer.about(patient), before=before, most=PAGE)


def _told(note: Mapping[str, Any], asked: Asked, desk: ReadingDesk) -> dict[str, Any]:
    own = asked.actor.profession is Profession.PATIENT
    return told_to_patient(note, desk.naming_sites) if own else told_to_officer(note)
