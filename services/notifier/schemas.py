"""What the HTTP doors of `notifier` take and answer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.notifier.cases.model import CaseKind, CaseState
from services.notifier.reviews.model import ReviewState


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class DecisionBody(BaseModel):
    """An officer's word about a case."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    reason: str


class FindingBody(BaseModel):
    """An officer's finding about an emergency."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    finding: str


class ClockAnswer(Answer):
    """`source` is the text that demands it."""

    name: str
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    overdue: bool
    source: str


class StepAnswer(Answer):
    state: CaseState
    at: datetime
    by: str | None
    reason: str | None


class AffectedAnswer(Answer):
    """How many; `through` is the last ledger entry that was looked at."""

    patients: int
    accesses: int | None
    through: int | None
    computed_at: datetime | None


class CaseLine(Answer):
    """A case in the list."""

    id: str
    version: int
    state: CaseState
    kind: CaseKind
    rule: str
    actor: str | None
    site: str | None
    opened_at: datetime
    aware_at: datetime | None
    due_at: datetime | None
    overdue: bool


class CaseAnswer(CaseLine):
    """A case with everything known about it, except whom it affects."""

    suspicion: str
    log: str
    first: datetime
    last: datetime
    evidence: Mapping[str, Any]
    clocks: list[ClockAnswer]
    timeline: list[StepAnswer]
    affected: AffectedAnswer | None
    reasons: dict[str, list[str]]


class CasePage(Answer):
    """`following` asks for the next page, as `after`."""

    cases: list[CaseLine]
    following: str | None


class PatientsPage(Answer):
    """`total` and `through` are null while nothing was computed yet."""

    patients: list[str]
    total: int | None
    through: int | None
    following: str | None


class ReviewAnswer(Answer):
    grant: str
    state: ReviewState
    patient: str
    staff: str
    site: str
    unit: str
    opened_at: datetime
    ends_at: datetime
    due_at: datetime
    overdue: bool
    reviewed_by: str | None
    reviewed_at: datetime | None
    case: str | None


class ReviewPage(Answer):
    reviews: list[ReviewAnswer]
    following: str | None


class MessageAnswer(Answer):
    """`about` is the template's name, `values` what it was filled with."""

    id: str
    at: datetime
    about: str
    subject: str
    text: str
    values: Mapping[str, str]


class Inbox(Answer):
    messages: list[MessageAnswer]
