"""By when a request is answered, by law: read from a data file; months end on the same day of a later month, or on its last."""

import calendar
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from services.notifier.cases.clocks import Words
from services.notifier.requests.model import RequestKind

SHIPPED = Path(__file__).parents[1] / "requests.json"


class RequestRule(BaseModel):
    """The time for an answer is `days` or `months`; `extension_months` may be added once. `source` is the text that says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: int = Field(default=0, ge=0, le=90)
    months: int = Field(default=0, ge=0, le=3)
    extension_months: int = Field(default=0, ge=0, le=2)
    source: Words

    @model_validator(mode="after")
    def _says_when(self) -> "RequestRule":
        if bool(self.days) == bool(self.months):
            raise ValueError("name `days` or `months`")
        return self


def load_rules(path: Path = SHIPPED) -> Mapping[RequestKind, RequestRule]:
    """One for each kind. Raises ValueError."""
    rules = TypeAdapter(dict[RequestKind, RequestRule]).validate_json(path.read_bytes())
    if set(rules) != set(RequestKind):
        raise ValueError(f"{path}: a rule for each of {', '.join(RequestKind)} is wanted.")
    return rules


def due(rule: RequestRule, asked_at: datetime) -> datetime:
    """To the hour at which it was asked. The law lets that day, and a holiday after it, pass first (Regulation 1182/71, Article 3)."""
    return months_later(asked_at, rule.months) + timedelta(days=rule.days)


def extended(rule: RequestRule, due_at: datetime) -> datetime:
    """GDPR Article 12(3)."""
    return months_later(due_at, rule.extension_months)


def months_later(moment: datetime, months: int) -> datetime:
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    return moment.replace(year=year, month=month + 1, day=min(moment.day, calendar.monthrange(year, month + 1)[1]))
