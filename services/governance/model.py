"""The nouns of `governance`: frozen, with names hidden from print."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shared.vocabulary import Profession


class DutyState(StrEnum):
    """What a duty is at a moment; time alone makes it lapse."""

    FULFILLED = "fulfilled"
    LAPSED = "lapsed"


class Through(StrEnum):
    """What gave a duty its date."""

    ENROLLED = "enrolled"
    PASSED = "passed"
    SET = "set"


@dataclass(frozen=True, slots=True)
class Duty:
    """A training module that somebody must keep up: fulfilled before `until`; `by` is the trainer who set the date, if one did."""

    until: datetime
    through: Through
    since: datetime
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Reminder:
    """The last one of a duty; `by` is the trainer who asked for it."""

    staff: str
    module: str
    site: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Workstation:
    """A screen by its site's own id, and since when it is locked or not; None for one of which nothing was said yet."""

    ident: str
    site: str
    locked: bool
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Member:
    """One member of staff, by the id that their tokens carry; `revision` grows whenever their standing is stated."""

    ident: str
    login: str
    name: str = field(repr=False)
    profession: Profession
    site: str
    unit: str
    active: bool = True
    duties: Mapping[str, Duty] = field(default_factory=dict)
    revision: int = 0
