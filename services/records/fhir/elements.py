"""The elements of FHIR's StructureDefinitions, each beside the place in the schema that holds it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Definitions = dict[str, Any]

FHIRPATH = "http://hl7.org/fhirpath/"


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a StructureDefinition, beside the schema definition that holds it."""

    holder: Definitions
    name: str
    required: bool
    types: tuple[str, ...]

    @property
    def is_choice(self) -> bool:
        return self.name.endswith("[x]")

    @property
    def is_primitive(self) -> bool:
        return len(self.types) == 1 and is_primitive(self.types[0])

    @property
    def is_known(self) -> bool:
        names = self.choices() if self.is_choice else [self.name]
        return all(name in self.holder.get("properties", ()) for name in names)

    def choices(self) -> list[str]:
        stem = self.name.removesuffix("[x]")
        return [stem + code[0].upper() + code[1:] for code in self.types]


def is_primitive(code: str) -> bool:
    return code.startswith(FHIRPATH) or code[0].islower()


def elements(definitions: Definitions, structures: Iterable[dict[str, Any]]) -> Iterator[Element]:
    """Every element below a type's root that the schema knows; the package holds a few of later versions."""
    for structure in structures:
        for element in structure["snapshot"]["element"]:
            *parents, name = element["path"].split(".")
            kinds = tuple(kind["code"] for kind in element.get("type", ()))
            found = Element(_holder(definitions, parents), name, element["min"] > 0, kinds)
            if found.is_known:
                yield found


def _holder(definitions: Definitions, parents: list[str]) -> Definitions:
    if not parents:
        return {}
    holder: Definitions = definitions.get(parents[0], {})
    for name in parents[1:]:
        member = holder.get("properties", {}).get(name, {})
        holder = definitions.get(member.get("items", member).get("$ref", "").rpartition("/")[2], {})
    return holder
