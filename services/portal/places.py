"""Tells the names of sites and units to people; the services know their ids alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter


class Place(BaseModel):
    """A site with its units, by id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    units: Mapping[str, str]


_PLACES: TypeAdapter[dict[str, Place]] = TypeAdapter(dict[str, Place])


@dataclass(frozen=True, slots=True)
class Places:
    """By site id; what is not listed is told by its id."""

    sites: Mapping[str, Place] = field(default_factory=dict)

    def site(self, ident: str) -> str:
        return self.sites[ident].name if ident in self.sites else ident

    @property
    def site_names(self) -> Sequence[tuple[str, str]]:
        return [(ident, place.name) for ident, place in self.sites.items()]

    @property
    def unit_names(self) -> Sequence[tuple[str, str]]:
        """With the site's name, for a unit's may be the same elsewhere."""
        return [(ident, f"{name}, {place.name}") for place in self.sites.values() for ident, name in place.units.items()]

    def unit(self, ident: str) -> str:
        return next((place.units[ident] for place in self.sites.values() if ident in place.units), ident)


def read_places(path: Path) -> Places:
    """A JSON object of sites: `{"nord": {"name": "Hôpital Nord", "units": {"nord-urgences": "Urgences"}}}`."""
    return Places(_PLACES.validate_json(path.read_bytes()))
