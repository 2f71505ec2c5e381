"""Bodies of the routes."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.governance.model import DutyState, Through
from shared.vocabulary import Profession

Name = Annotated[str, Field(max_length=64)]
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


class Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class AttemptBody(Body):
    """The chosen choices of each question, by their ids."""

    answers: dict[Name, list[Name]]


class DutyBody(Body):
    """Until when the duty shall hold; with a date that is past it lapses at once."""

    valid_until: Annotated[AwareDatetime, Field(ge=_EARLIEST)]


class DutyAnswer(BaseModel):
    """One duty as it is at this moment; `due` when it has lapsed or will within thirty days."""

    module: str
    title: str
    valid_until: datetime
    state: DutyState
    due: bool
    through: Through


class StandingAnswer(BaseModel):
    """Whether somebody works here, and how each of their duties is."""

    id: str
    active: bool
    revision: int
    duties: list[DutyAnswer]


class ReminderAnswer(BaseModel):
    """The last reminder of a duty, and whether another one may be sent now."""

    reminded_at: datetime
    again: bool


class RemindingAnswer(BaseModel):
    """`sent` is whether this asking had it sent; else one was sent in the day before, and nothing changed."""

    reminded_at: datetime
    sent: bool


class StaffListed(StandingAnswer):
    """A member of staff as their site's trainers see them; `lapsed` names modules, `reminded` is by module."""

    login: str
    name: str
    profession: Profession
    unit: str
    lapsed: list[str]
    reminded: dict[str, ReminderAnswer]


class StaffAnswer(BaseModel):
    """One site: its units, and its staff, those with a lapsed duty first and those who left last."""

    site: str
    units: list[str]
    staff: list[StaffListed]


class WorkstationAnswer(BaseModel):
    """`since` is null when nothing was ever said of that workstation."""

    workstation: str
    site: str
    locked: bool
    since: datetime | None


class NamesAnswer(BaseModel):
    """Names of members of staff by account id; whoever is not told is left out."""

    names: dict[str, str]


class PageAnswer(BaseModel):
    title: str
    text: str


class ChoiceAnswer(BaseModel):
    id: str
    text: str


class QuestionAnswer(BaseModel):
    """`several` when more than one choice is right; never which."""

    id: str
    asks: str
    several: bool
    choices: list[ChoiceAnswer]


class ModuleAnswer(BaseModel):
    """A module in one language, without its right answers and their explanations."""

    id: str
    title: str
    validity_days: int
    pass_mark: int
    pages: list[PageAnswer]
    questions: list[QuestionAnswer]


class WrongAnswer(BaseModel):
    question: str
    explanation: str


class AttemptAnswer(BaseModel):
    """How an attempt was marked, and until when the duty holds after it."""

    passed: bool
    right: int
    needed: int
    valid_until: datetime
    wrong: list[WrongAnswer]
