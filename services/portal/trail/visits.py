"""Groups what somebody did on one day for one reason into one visit, so that a stay of a thousand looks can be read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.portal.places import Places

_SAME = ("profession", "unit", "site", "purpose", "relationship", "outcome", "reason", "emergency", "action", "step", "actor")
Access = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Visit:
    """`first` and `last` are instants as the ledger has them, `numbers` its entries; `access` is the newest, which speaks for all."""

    access: Access
    first: str
    last: str
    numbers: Sequence[int]
    notes: Sequence[str]
    types: Sequence[str]
    place: str

    @property
    def deed(self) -> str:
        """What was done: asking about an emergency is none, nor is preparing an erasure."""
        action = str(self.access.get("action") or "")
        if action == "erase" and self.access.get("step") not in {"destroyed", "resumed", "repeated"}:
            return "prepare-erasure"
        asked = action == "break-glass" and not (self.access.get("outcome") == "answered" and self.access.get("step") == "opened")
        return "ask-emergency" if asked else action

    @property
    def refused(self) -> bool:
        return self.access.get("outcome") == "refused"

    @property
    def own(self) -> bool:
        return self.access.get("profession") == "patient"


def visits(accesses: Iterable[Access], zone: ZoneInfo, places: Places) -> list[Visit]:
    """The newest first; what is of one day and says the same is one, wherever it stands: notes reach the ledger in no order of time."""
    groups: dict[tuple[Any, ...], list[Access]] = {}
    for access in accesses:
        groups.setdefault((_day(access, zone), *(access.get(name) for name in _SAME)), []).append(access)
    return sorted((_visit(group, places) for group in groups.values()), key=lambda visit: visit.last, reverse=True)


def _visit(group: Sequence[Access], places: Places) -> Visit:
    newest, times = group[0], sorted(str(one.get("time") or "") for one in group)
    types = dict.fromkeys(str(one.get("resourceType") or "") for one in group)
    unit, site = newest.get("unit"), newest.get("site")
    place = ", ".join(part for part in (places.unit(unit) if unit else "", places.site(site) if site else "") if part)
    return Visit(
        newest, times[0], times[-1], [one["index"] for one in group], [str(one.get("note") or "") for one in group], list(types), place
    )


def _day(access: Access, zone: ZoneInfo) -> str:
    try:
        return str(datetime.fromisoformat(str(access.get("time"))).astimezone(zone).date())
    except ValueError:
        return ""
