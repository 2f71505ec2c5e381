"""What the HTTP doors of `notifier` take and answer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from services.notifier.cases.model import CaseKind, CaseState
from services.notifier.model import Thing
from services.notifier.requests.model import RequestKind, RequestState
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


Words = Annotated[str, Field(min_length=10, max_length=2000)]


class WishBody(BaseModel):
    """A patient's request; `entries` are numbers of ledger entries that a question is about."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: RequestKind
    words: Words
    entries: list[Annotated[int, Field(ge=0, lt=2**53)]] = Field(default=[], max_length=100)


class WordBody(BaseModel):
    """An officer's word about a request."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    words: Words
    outcome: str = ""


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


class DueLine(Answer):
    """`about` is a case's rule, a review's unit, a request's kind."""

    thing: Thing
    id: str
    about: str
    due_at: datetime
    overdue: bool


class DueAnswer(Answer):
    """How many wait, by thing, and the first twenty that are due."""

    counts: Mapping[Thing, int]
    first: list[DueLine]


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


class RequestLine(Answer):
    """A request in the officers' list."""

    id: str
    version: int
    kind: RequestKind
    state: RequestState
    patient: str
    site: str
    asked_at: datetime
    due_at: datetime
    overdue: bool
    extended_at: datetime | None
    outcome: str | None
    answered_at: datetime | None


class RequestAnswer(RequestLine):
    """With what was said, null once the record was erased; `source` is the text that sets the time, `outcomes` how it may be answered."""

    words: str | None
    entries: list[int] | None
    extension: str | None
    answer: str | None
    answered_by: str | None
    case: str | None
    source: str
    may_extend: bool
    outcomes: list[str]


class OwnRequests(Answer):
    requests: list[RequestAnswer]


class RequestPage(Answer):
    requests: list[RequestLine]
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
