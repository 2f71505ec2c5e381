"""Tells who must soon take which module, or should have already, and chooses among a site's staff by unit and module."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader wants to see; an empty one is everything."""

    unit: str = ""
    module: str = ""

    @property
    def query(self) -> dict[str, str]:
        return {name: value for name, value in (("unit", self.unit), ("module", self.module)) if value}

    def of(self, staff: Iterable[Told]) -> list[dict[str, Any]]:
        """Each with the duties that were chosen; who has none of them is left out."""
        chosen = [{**one, "duties": [duty for duty in one["duties"] if self.module in {"", duty["module"]}]} for one in staff]
        return [one for one in chosen if self.unit in {"", one["unit"]} and (one["duties"] or not self.module)]


@dataclass(frozen=True, slots=True)
class Due:
    """One duty of one person; `reminded_at` of the last reminder, and `again` when another one may be sent."""

    person: Told
    duty: Told
    reminded_at: str | None
    again: bool


def who_is_due(staff: Iterable[Told]) -> Sequence[Due]:
    """The longest lapsed first."""
    found = [_due(one, duty) for one in staff for duty in one["duties"] if duty["due"]]
    return sorted(found, key=lambda due: (due.duty["valid_until"], due.person["name"]))


def modules_of(staff: Iterable[Told]) -> dict[str, str]:
    """Title by id."""
    return {duty["module"]: duty["title"] for one in staff for duty in one["duties"]}


def _due(person: Told, duty: Told) -> Due:
    last = person["reminded"].get(duty["module"])
    return Due(person, duty, last["reminded_at"] if last else None, last is None or last["again"])
