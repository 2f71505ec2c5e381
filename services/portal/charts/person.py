"""Picks what the admissions desk needs of a patient: who it is, where they live, how to reach them, their numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.portal.charts.chart import name_of


@dataclass(frozen=True, slots=True)
class Person:
    """Each line of `addresses`, `contacts` and `numbers` is one to read; numbers come with what kind they are."""

    ident: str
    name: str = field(repr=False)
    born: str = field(repr=False)
    gender: str = field(repr=False)
    addresses: Sequence[str] = field(repr=False)
    contacts: Sequence[str] = field(repr=False)
    numbers: Sequence[tuple[str, str]] = field(repr=False)


def read_person(patient: Mapping[str, Any]) -> Person:
    """What is absent is left out."""
    contacts = [str(one["value"]) for one in patient.get("telecom", ()) if one.get("value")]
    numbers = [(_kind(one), str(one["value"])) for one in patient.get("identifier", ()) if one.get("value")]
    born, gender = (str(patient.get(name, "")) for name in ("birthDate", "gender"))
    addresses = [line for line in map(_address, patient.get("address", ())) if line]
    return Person(str(patient["id"]), name_of(patient), born, gender, addresses, contacts, numbers)


def _address(address: Mapping[str, Any]) -> str:
    if address.get("text"):
        return str(address["text"])
    place = " ".join(filter(None, (str(address.get(name, "")) for name in ("postalCode", "city"))))
    return ", ".join(filter(None, [*map(str, address.get("line", ())), place, str(address.get("country", ""))]))


def _kind(identifier: Mapping[str, Any]) -> str:
    """Its type's own words, else its system."""
    concept = identifier.get("type") or {}
    coding = (concept.get("coding") or [{}])[0]
    return str(concept.get("text") or coding.get("display") or identifier.get("system", ""))
