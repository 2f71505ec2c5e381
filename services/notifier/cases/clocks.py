"""Which clocks a case is under, by law or by the house: read from a data file, counted in absolute hours."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from services.notifier.cases.model import CaseState, Clock
from shared.errors import Sentence

SHIPPED = Path(__file__).parents[1] / "clocks.json"


class ClocksUnreadableError(Exception):
    """The data file does not say what clocks there are; the service does not start."""


class Words(BaseModel):
    """One thing said in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str = Field(min_length=1)
    fr: str = Field(min_length=1)

    def sentence(self) -> Sentence:
        return Sentence(self.en, self.fr)


class ClockRule(BaseModel):
    """`starts` when a case enters that state, `stops` when it enters one of those; `source` is the text that demands it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z-]{0,39}$")
    hours: int = Field(gt=0, le=24 * 366)
    starts: CaseState
    stops: frozenset[CaseState] = Field(min_length=1)
    source: Words


def load_clocks(path: Path = SHIPPED) -> tuple[ClockRule, ...]:
    """Raises ClocksUnreadableError with one sentence about the first thing that is wrong."""
    try:
        rules = TypeAdapter(tuple[ClockRule, ...]).validate_json(path.read_bytes())
    except OSError as error:
        raise ClocksUnreadableError(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ClocksUnreadableError(f"{path}: {where or 'the file'}: {first['msg']}.") from None
    names = [rule.name for rule in rules]
    if len(set(names)) != len(names):
        raise ClocksUnreadableError(f"{path}: two clocks have the same name.")
    return rules


def started(rules: Sequence[ClockRule], state: CaseState, at: datetime) -> tuple[Clock, ...]:
    """Hours are absolute: weekends, holidays and changes to summer time count like any others."""
    return tuple(Clock(rule.name, at, at + timedelta(hours=rule.hours)) for rule in rules if rule.starts is state)


def stopped(clocks: Sequence[Clock], rules: Sequence[ClockRule], state: CaseState, at: datetime) -> tuple[Clock, ...]:
    """Those that end with this state; what was stopped before stays as it was."""
    ending = {rule.name for rule in rules if state in rule.stops}
    return tuple(
        Clock(clock.name, clock.started_at, clock.due_at, at) if clock.name in ending and clock.stopped_at is None else clock
        for clock in clocks
    )
