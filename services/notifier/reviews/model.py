"""What a review of an emergency is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.vocabulary import PatientId


class ReviewState(StrEnum):
    """Open until an officer gives their finding, which is final."""

    OPEN = "open"
    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not-justified"


FINDINGS = frozenset({ReviewState.JUSTIFIED, ReviewState.NOT_JUSTIFIED})


@dataclass(frozen=True, slots=True)
class Review:
    """One per emergency grant; `watched_by` is the site whose officers review it, None for those of the whole group."""

    grant: str
    patient: PatientId
    site: str
    staff: str
    unit: str
    opened_at: datetime
    ends_at: datetime
    due_at: datetime
    watched_by: str | None = None
    state: ReviewState = ReviewState.OPEN
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None
    note: str | None = None
    case: str | None = None

    def overdue(self, now: datetime) -> bool:
        """Missed: still open past its time, or reviewed too late."""
        return (self.reviewed_at or now) >= self.due_at
