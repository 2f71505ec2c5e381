"""Answers a case with the patients that are affected, once the ledger has all that Kafka holds about them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.audit.affected.affected_store import AffectedStore
from services.audit.affected.search_accesses import Question, search_accesses
from services.audit.entry_sealer import EntrySealer
from services.audit.ledger_store import LedgerStore
from services.audit.model import Log
from shared.events.audit import AffectedFound
from shared.events.notifier import CaseChanged

STATES = frozenset({"suspected", "confirmed"})
MOST_PATIENTS = 25_000
"""So many ids fit into one event."""
_LOOK_AGAIN = 0.2
_MOST_PATIENT = 8
"""A ledger that catches up is waited for so many times longer, but never until Kafka gives the partition to another process."""


class LedgerBehindError(Exception):
    """The ledger has not sequenced yet what it must be asked about; the event is handled again later."""


class TooManyAffectedError(Exception):
    """More patients than one event can name: the event is parked, and a person has to look."""


@dataclass(frozen=True, slots=True)
class AffectedDesk:
    """`end_of` answers the offset behind the newest record of a topic; `patience` is how long the ledger may stand still meanwhile."""

    logs: Mapping[str, Log]
    store: LedgerStore
    sealer: EntrySealer
    kept: AffectedStore
    end_of: Callable[[str], Awaitable[int]]
    patience: timedelta = timedelta(seconds=30)


async def find_affected(event: CaseChanged, *, now: datetime, desk: AffectedDesk) -> None:
    """Of a case about somebody's accesses, while its extent matters; a replay changes nothing.

    Raises LedgerBehindError, TooManyAffectedError or VaultUnavailableError.
    """
    log = desk.logs.get(event.log)
    if event.state not in STATES or event.actor is None or log is None or await desk.kept.holds(event.case, event.state):
        return
    size = await _size_once_sequenced(log, desk=desk)
    question, read_to = Question(event.actor, event.first, event.last), await desk.kept.read_to(event.case)
    found = await search_accesses(log, question, size=size, read_to=read_to, store=desk.store, sealer=desk.sealer)
    if len(found.patients) > MOST_PATIENTS:
        raise TooManyAffectedError
    stated = AffectedFound(
        case=event.case,
        suspicion=event.suspicion,
        patients=sorted(found.patients),
        accesses=found.count,
        through=found.read - 1,
        computed_at=now,
    )
    await desk.kept.keep(stated, event.state, now=now)


async def _size_once_sequenced(log: Log, *, desk: AffectedDesk) -> int:
    """The log's size when everything that lies in Kafka now is in it. Raises LedgerBehindError."""
    end, clock, patience = await desk.end_of(log.topic), asyncio.get_running_loop().time, desk.patience.total_seconds()
    began = moved = clock()
    before = -1
    while True:
        head = await desk.store.head(log)
        sequenced, size = (head.next_offset, head.size) if head else (0, 0)
        if sequenced >= end:
            return size
        now = clock()
        moved = now if sequenced > before else moved
        if now - moved > patience or now - began > _MOST_PATIENT * patience:
            raise LedgerBehindError
        before = sequenced
        await asyncio.sleep(_LOOK_AGAIN)
