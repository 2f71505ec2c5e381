"""Turns the references of a transaction Bundle into addresses: `urn:uuid:` to what it creates, `Type?identifier=` to what it names."""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qsl

from services.records.desk import Desk
from services.records.fhir.references import walk_references, walk_urns
from services.records.knowing.identifiers import identifiers_of
from shared.errors import AnticipatedError, Sentence

Target = tuple[str, str, str]
_CONDITIONAL = re.compile(r"([A-Z][A-Za-z]+)\?(.+)").fullmatch


class UnresolvedReferenceError(AnticipatedError):
    """A reference of the Bundle leads nowhere, or to several."""

    slug: ClassVar[str] = "unresolved-reference"
    status: ClassVar[int] = 422
    fhir_code: ClassVar[str] = "not-found"
    sentence: ClassVar[Sentence] = Sentence(
        "A reference of this Bundle matches no resource here, or more than one.",
        "Une référence de ce Bundle ne correspond à aucune ressource ici, ou à plusieurs.",
    )


class UnsupportedConditionError(AnticipatedError):
    """Conditions are taken on one exact identifier only."""

    slug: ClassVar[str] = "unsupported-condition"
    status: ClassVar[int] = 400
    fhir_code: ClassVar[str] = "not-supported"
    sentence: ClassVar[Sentence] = Sentence(
        "Conditions and conditional references are taken as `identifier=system|value` only.",
        "Les conditions et références conditionnelles ne sont acceptées que sous la forme `identifier=system|value`.",
    )


class Resolvable(Protocol):
    """An entry with a resource: where it will stand, and how the Bundle calls it."""

    @property
    def type(self) -> str: ...
    @property
    def ident(self) -> str: ...
    @property
    def full_url(self) -> str | None: ...
    @property
    def found(self) -> str | None: ...
    @property
    def resource(self) -> dict[str, Any] | None: ...


@dataclass(frozen=True, slots=True)
class Resolution:
    """Every name that the Bundle may use, and its address."""

    names: Mapping[str, str]
    targets: Mapping[Target, Sequence[str]]

    def rewritten(self, resource: dict[str, Any]) -> dict[str, Any]:
        """A copy with addresses for references. Raises UnresolvedReferenceError."""
        mine = copy.deepcopy(resource)
        for holder, key, text in list(walk_references(mine)):
            holder[key] = self._address(text)
        for inner, place, text in list(walk_urns(mine)):
            inner[place] = self.names.get(text, text)
        if mine["resourceType"] == "PractitionerRole":
            self._complete(mine, "practitioner", "Practitioner")
            self._complete(mine, "organization", "Organization")
        return mine

    def _address(self, text: str) -> str:
        if text in self.names:
            return self.names[text]
        if text.startswith("urn:uuid:"):
            raise UnresolvedReferenceError
        conditional = _CONDITIONAL(text)
        if conditional is None:
            return text
        target = conditional_targets(conditional[1], conditional[2])
        matches = self.targets.get(target, ()) if target else ()
        if len(matches) != 1:
            raise UnresolvedReferenceError
        return matches[0]

    def _complete(self, role: dict[str, Any], element: str, type_: str) -> None:
        """A role that names people and units by identifier only gets the literal reference too, if it is unambiguous."""
        named = role.get(element)
        if not isinstance(named, dict) or "reference" in named or not isinstance(named.get("identifier"), dict):
            return
        matches = self.targets.get((type_, str(named["identifier"].get("system", "")), str(named["identifier"].get("value", ""))), ())
        if len(matches) == 1:
            named["reference"] = matches[0]


async def resolve(entries: Sequence[Resolvable], desk: Desk) -> Resolution:
    """Looks up every identifier that the Bundle refers to, in one query; what the Bundle itself creates counts too."""
    names = {entry.full_url: _address_of(entry) for entry in entries if entry.full_url}
    wanted = {target for entry in entries for target in _targets(entry)}
    found = await desk.identifiers.find(sorted(wanted)) if wanted else {}
    targets = {target: list(addresses) for target, addresses in found.items()}
    for entry in entries:
        for target in identifiers_of(entry.resource or {"resourceType": ""}) if entry.found is None else ():
            if target in targets:
                targets[target].append(_address_of(entry))
    return Resolution(names, targets)


def _address_of(entry: Resolvable) -> str:
    return entry.found or f"{entry.type}/{entry.ident}"


def _targets(entry: Resolvable) -> Iterator[Target]:
    resource = entry.resource or {}
    for _holder, _key, text in walk_references(resource):
        conditional = _CONDITIONAL(text)
        target = conditional_targets(conditional[1], conditional[2]) if conditional else None
        if target:
            yield target
    if resource.get("resourceType") == "PractitionerRole":
        for element, type_ in (("practitioner", "Practitioner"), ("organization", "Organization")):
            identifier = resource.get(element, {}).get("identifier")
            if isinstance(identifier, dict):
                yield type_, str(identifier.get("system", "")), str(identifier.get("value", ""))


def conditional_targets(type_: str, condition: object) -> Target | None:
    """`identifier=system|value` as (type, system, value); None without a condition. Raises UnsupportedConditionError for any other."""
    if condition is None:
        return None
    pairs = parse_qsl(str(condition).lstrip("?"), keep_blank_values=True)
    if len(pairs) != 1 or pairs[0][0] != "identifier":
        raise UnsupportedConditionError
    system, bar, value = pairs[0][1].rpartition("|")
    return (type_, system, value) if bar else (type_, "", value)
