"""Finds in the ledger about whom somebody was answered within a time, and reads no more of it than that time needs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from services.audit.entry_sealer import EntrySealer
from services.audit.entry_times import LATE, SKEW, first_since
from services.audit.ledger_store import LedgerStore
from services.audit.model import Entry, Log
from services.audit.seen_note import SeenNote, moment_at, read_seen
from shared.keyring import KeyErasedError
from shared.sealing import UnreadableError
from shared.vocabulary import Outcome

PAGE = 500
_TELLS = frozenset({Outcome.ANSWERED, None})
"""A note without an outcome tells of a time in which a chart stood open."""


@dataclass(frozen=True, slots=True)
class Question:
    """`first` and `last` are both within it, to the millisecond."""

    actor: str
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Accesses:
    """`read` is how many entries of the log there were up to the last one that was read."""

    patients: frozenset[str] = field(repr=False)
    count: int
    read: int


async def search_accesses(log: Log, question: Question, *, size: int, read_to: int, store: LedgerStore, sealer: EntrySealer) -> Accesses:
    """Of the first `size` entries, and at least up to `read_to`. Raises VaultUnavailableError."""
    at = await first_since(log, question.first - SKEW, size=size, store=store)
    found: list[str] = []
    while at < size:
        entries = await store.page(log, at, min(at + PAGE, size))
        notes = [note for entry in entries if (note := await _note(log, entry, sealer))]
        found += _patients(notes, question)
        at = min(at + PAGE, size)
        if at >= read_to and _is_past(entries, notes, question.last + LATE):
            break
    return Accesses(frozenset(found), len(found), at)


async def _note(log: Log, entry: Entry, sealer: EntrySealer) -> SeenNote | None:
    """None when it was erased, or does not tell what it is about."""
    try:
        opened = await sealer.open(log, entry)
    except (KeyErasedError, UnreadableError):
        return None
    return read_seen(opened.value) if opened else None


def _patients(notes: Iterable[SeenNote], question: Question) -> list[str]:
    """One for each access."""
    first, last = moment_at(question.first) // 1000, moment_at(question.last) // 1000
    within = [note.said for note in notes if first <= note.moment // 1000 <= last]
    return [
        said["patient"]
        for said in within
        if isinstance(said.get("patient"), str) and _is_told(said.get("outcome")) and _by(said) == question.actor
    ]


def _is_told(outcome: object) -> bool:
    return isinstance(outcome, str | None) and outcome in _TELLS


def _by(said: dict[str, object]) -> object:
    actor = said.get("actor")
    return actor.get("id") if isinstance(actor, dict) else None


def _is_past(entries: Iterable[Entry], notes: Iterable[SeenNote], moment: datetime) -> bool:
    """Appended later and made later: a ledger that catches up after a day appends old notes for a while."""
    until = moment_at(moment)
    return all(entry.at > moment for entry in entries) and all(note.moment > until for note in notes)
