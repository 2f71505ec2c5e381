"""What a breach case is: its states, its clocks, and the steps that brought it where it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class CaseState(StrEnum):
    """Where a case stands; `lifecycle.py` says how it moves on."""

    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    CLOSED = "closed"


class CaseKind(StrEnum):
    """What gave rise to it: somebody's accesses, the ledger itself, an emergency found unjustified, or what a patient asked about."""

    ACCESS = "access"
    LEDGER = "ledger"
    EMERGENCY = "emergency"
    QUESTION = "question"


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline, computed once when it began: no later look at any clock changes it."""

    name: str
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None = None

    def overdue(self, now: datetime) -> bool:
        """Missed: it still runs past its time, or was stopped too late."""
        return (self.stopped_at or now) >= self.due_at


@dataclass(frozen=True, slots=True)
class Step:
    """One change. `reason` is a word of a closed list, `note` the note that tells of it; the opening has neither, nor an officer."""

    state: CaseState
    at: datetime
    by: str | None = None
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """`site` is where the actor acted; `watched_by` the site whose officers decide, None for those of the whole group."""

    ident: str
    suspicion: str
    rule: str
    kind: CaseKind
    log: str
    first: datetime
    last: datetime
    steps: tuple[Step, ...]
    clocks: tuple[Clock, ...] = ()
    actor: str | None = None
    site: str | None = None
    watched_by: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def state(self) -> CaseState:
        return self.steps[-1].state

    @property
    def version(self) -> int:
        """Grows by one with each step, and with nothing else."""
        return len(self.steps)

    @property
    def opened_at(self) -> datetime:
        return self.steps[0].at

    @property
    def aware_at(self) -> datetime | None:
        """The moment of awareness (GDPR Article 33(1)): when an officer confirmed it."""
        return next((step.at for step in self.steps if step.state is CaseState.CONFIRMED), None)

    @property
    def due_at(self) -> datetime | None:
        """The next deadline that is still running."""
        return min((clock.due_at for clock in self.clocks if clock.stopped_at is None), default=None)
