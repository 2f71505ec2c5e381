"""What a patient's request is: its kind, its clock, and how it was answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shared.vocabulary import PatientId


class RequestKind(StrEnum):
    """A question about who looked, or a right: GDPR Articles 15(1), 15(3), 16 and 18."""

    QUESTION = "question"
    ACCESS = "access"
    COPY = "copy"
    CORRECTION = "correction"
    RESTRICTION = "restriction"


class RequestState(StrEnum):
    """Open until an officer answers; the answer is final."""

    OPEN = "open"
    ANSWERED = "answered"


class Outcome(StrEnum):
    """How a request was answered."""

    EXPLAINED = "explained"
    CASE_OPENED = "case-opened"
    FULFILLED = "fulfilled"
    PARTLY_FULFILLED = "partly-fulfilled"
    DECLINED = "declined"


_OF_A_RIGHT = frozenset({Outcome.FULFILLED, Outcome.PARTLY_FULFILLED, Outcome.DECLINED})
OUTCOMES: Mapping[RequestKind, frozenset[Outcome]] = dict.fromkeys(RequestKind, _OF_A_RIGHT) | {
    RequestKind.QUESTION: frozenset({Outcome.EXPLAINED, Outcome.CASE_OPENED})
}
"""The words by which each kind may be answered."""


@dataclass(frozen=True, slots=True)
class Said:
    """What stands sealed in a request: the patient's words, the ledger entries they ask about, and the officer's words."""

    words: str = field(repr=False)
    entries: Sequence[int] = ()
    extension: str = field(repr=False, default="")
    answer: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class PatientRequest:
    """`site` is the patient's, whose officers answer (`watched_by` None: the whole group's); `note` tells of the last change."""

    ident: str
    patient: PatientId
    kind: RequestKind
    site: str
    asked_at: datetime
    due_at: datetime
    sealed: bytes = field(repr=False)
    version: int = 1
    watched_by: str | None = None
    state: RequestState = RequestState.OPEN
    extended_at: datetime | None = None
    outcome: Outcome | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None
    case: str | None = None
    note: str = ""

    def overdue(self, now: datetime) -> bool:
        """Missed: still open past its time, or answered too late."""
        return (self.answered_at or now) >= self.due_at
