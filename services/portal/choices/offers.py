"""Says which changes a patient is offered, as the statement that each would make."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.portal.places import Places
from shared.vocabulary import Purpose


@dataclass(frozen=True, slots=True)
class Offer:
    """`what` is `unit`, `site` or `research`; `of` names the unit or site."""

    what: str
    of: str

    @property
    def statement(self) -> Mapping[str, Any]:
        """As `consent` takes it, but for whose it is."""
        if self.what == "research":
            return {"kind": "consent", "purposes": [Purpose.RESEARCH]}
        return {"kind": "objection", "purposes": [Purpose.TREATMENT], f"{self.what}s": [self.of]}


def find_offer(what: str, of: str, places: Places) -> Offer | None:
    """None for what is not offered."""
    known = {
        "research": {""},
        "site": set(places.sites),
        "unit": {unit for place in places.sites.values() for unit in place.units},
    }
    return Offer(what, of) if of in known.get(what, ()) else None
