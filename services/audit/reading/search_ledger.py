"""Searches the ledger for a privacy officer: opens what lies in the time, the newest first, so much at once, and notes whom it told of."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from services.audit.entry_times import LATE, SKEW, first_since
from services.audit.model import Entry, Log
from services.audit.reading.noting import Asked, note_reading
from services.audit.reading.reading_desk import ReadingDesk
from services.audit.reading.search_terms import Search, SearchUnfitError, read_search
from services.audit.reading.telling import told_to_officer
from services.audit.reading.watch_activity import opened_note
from services.audit.seen_note import moment_at, moment_of
from shared.errors import AnticipatedError, Sentence
from shared.vocabulary import Outcome, Profession, Purpose, is_ours

PAGE = 100
MOST_OPENED = 5000
_CHUNK = 500
_PROBE = 100


class NotYourSearchError(AnticipatedError):
    """The ledger is searched by privacy officers."""

    slug: ClassVar[str] = "not-your-search"
    status: ClassVar[int] = 403
    fhir_code: ClassVar[str] = "forbidden"
    sentence: ClassVar[Sentence] = Sentence(
        "The ledger is searched by privacy officers, for HCOMPL.",
        "La recherche dans le registre est réservée aux délégués à la protection des données, pour HCOMPL.",
    )


@dataclass(frozen=True, slots=True)
class Looked:
    """`count` entries were opened, back to those appended at `through`; `following` is the index below which it goes on."""

    entries: Sequence[Mapping[str, Any]] = field(repr=False)
    count: int
    through: datetime
    following: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """`decision` is the id of the note of this search."""

    search: Search
    looked: Looked
    decision: str


async def search_ledger(asked: Asked, log: Log, given: Sequence[tuple[str, str]], *, desk: ReadingDesk) -> Found:
    """Raises NotYourSearchError or SearchUnfitError, noted, NoteNotKeptError or VaultUnavailableError."""
    try:
        search = _searched(asked, given)
    except (NotYourSearchError, SearchUnfitError) as error:
        outcome = Outcome.REFUSED if isinstance(error, NotYourSearchError) else Outcome.INVALID
        await note_reading(asked, [asked.patient], notes=desk.notes, outcome=outcome, status=error.status, reason=error.slug)
        raise
    looked = await _look(log, search, desk)
    told = [asked.patient, *(entry["patient"] for entry in looked.entries)]
    decision = await note_reading(asked, told, notes=desk.notes, outcome=Outcome.ANSWERED, status=200, count=len(looked.entries))
    return Found(search, looked, decision)


def _searched(asked: Asked, given: Sequence[tuple[str, str]]) -> Search:
    if asked.actor.profession is not Profession.PRIVACY_OFFICER or asked.purpose != Purpose.COMPLIANCE:
        raise NotYourSearchError
    return read_search(given, now=asked.now)


async def _look(log: Log, search: Search, desk: ReadingDesk) -> Looked:
    low, high = await _bounds(log, search, desk)
    found: list[dict[str, Any]] = []
    count = 0
    async for entry in _downwards(log, low, high, search, desk):
        note = await opened_note(log, entry, desk.sealer)
        count += 1
        told = {"index": entry.index, "note": entry.note, **told_to_officer(note), "patient": _patient(note)}
        if moment_at(search.since) <= _moment(entry, note) < moment_at(search.until) and search.fits(told):
            found.append(told)
        if (len(found) == PAGE or count == MOST_OPENED) and entry.index > low:
            return Looked(found, count, entry.at, entry.index)
    return Looked(found, count, search.since, None)


async def _downwards(log: Log, low: int, high: int, search: Search, desk: ReadingDesk) -> AsyncIterator[Entry]:
    """The entries of [low, high), or those of them about the one patient who is searched for, the newest first."""
    patient = search.wanted.get("patient")
    about = None if patient is None else await desk.sealer.about(patient)
    while high > low:
        if about is None:
            first = max(low, high - _CHUNK)
            entries = (await desk.store.page(log, first, high))[::-1]
            high = first
        else:
            entries = await desk.store.about(log, about, first=low, before=high, most=_CHUNK)
            high = entries[-1].index if len(entries) == _CHUNK else low
        for entry in entries:
            yield entry


async def _bounds(log: Log, search: Search, desk: ReadingDesk) -> tuple[int, int]:
    """[first, end) of what can hold accesses of that time."""
    head = await desk.store.head(log)
    size = head.size if head else 0
    first = await first_since(log, search.since - SKEW, size=size, store=desk.store)
    return first, min(search.before, size) if search.before is not None else await _end(log, search, size, desk)


async def _end(log: Log, search: Search, size: int, desk: ReadingDesk) -> int:
    """Ever longer steps to where nothing older is appended: a ledger that caught up after a day stands behind its time for a while."""
    at, step, until = await first_since(log, search.until + LATE, size=size, store=desk.store), _PROBE, moment_at(search.until)
    while at < size:
        probe = await desk.store.page(log, at, min(at + _PROBE, size))
        if all([_moment(entry, await opened_note(log, entry, desk.sealer)) >= until for entry in probe]):
            return at
        at, step = at + step, 2 * step
    return size


def _moment(entry: Entry, note: Mapping[str, Any]) -> int:
    """When it was made; when it was appended, if it does not tell."""
    try:
        return moment_of(note["time"])
    except (KeyError, ValueError, TypeError, OverflowError):
        return moment_at(entry.at)


def _patient(note: Mapping[str, Any]) -> str | None:
    patient = note.get("patient")
    return patient if isinstance(patient, str) and is_ours(patient) else None
