"""Reads what a search for patients found: who it may be told, and for the others that there is a chart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.portal.charts.chart import name_of

_MASKED = "SUBSETTED"


@dataclass(frozen=True, slots=True)
class FoundPatient:
    """`shut` when nothing but the number is told."""

    ident: str
    shut: bool
    name: str = field(repr=False, default="")
    born: str = field(repr=False, default="")
    gender: str = field(repr=False, default="")


def found_patients(bundle: Mapping[str, Any]) -> list[FoundPatient]:
    """Those that may be seen first, by name."""
    found = [_patient(entry["resource"]) for entry in bundle.get("entry", ())]
    return sorted(found, key=lambda one: (one.shut, one.name, one.ident))


def _patient(resource: Mapping[str, Any]) -> FoundPatient:
    tags = resource.get("meta", {}).get("tag", ())
    if any(tag.get("code") == _MASKED for tag in tags):
        return FoundPatient(resource["id"], shut=True)
    born, gender = (str(resource.get(name, "")) for name in ("birthDate", "gender"))
    return FoundPatient(resource["id"], False, name_of(resource), born, gender)
