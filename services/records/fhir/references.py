"""Finds what a resource points at: the charts it belongs to, what a transaction rewrites, its labels, its care team."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from services.records.fhir.definitions import PATIENT_PATHS, REFERENCE_ELEMENTS, URI_ELEMENTS

Resource = dict[str, Any]

PATIENT = re.compile(r"(?:(?P<base>[^?#]+)/)?Patient/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
PRACTITIONER = re.compile(r"(?:[^?#]+/)?Practitioner(?:Role)?[/?].+")


class EncounterParticipants(NamedTuple):
    """Who took part, for which organisation, and when: FHIR texts as they stand, an absent bound is None."""

    practitioners: tuple[str, ...]
    provider: str | None
    start: str | None
    end: str | None


def patients_of(resource: Resource, *, bases: Collection[str] = ()) -> set[str]:
    """The ids of the patients in whose compartment the resource is, by its literal references.

    An absolute reference counts under one of `bases` only: another server's Patient/1 is another person. What has no id yet
    (`urn:uuid:`, `Patient?identifier=`) and a Patient's own id are the caller's.
    """
    paths = PATIENT_PATHS.get(resource.get("resourceType", ""), ())
    texts = (text for path in paths for text in _references_at(resource, path))
    found = (PATIENT.fullmatch(text) for text in texts)
    known = {None, *(base.rstrip("/") for base in bases)}
    return {match["id"] for match in found if match and match["base"] in known}


def walk_references(resource: Resource) -> Iterator[tuple[Resource, str, str]]:
    """Each Reference.reference with its holder, contained resources and extensions included: `holder[key] = new` rewrites it."""
    for holder, key, element, text in _texts(resource):
        if element == "reference" and isinstance(holder, dict) and holder.keys() <= REFERENCE_ELEMENTS:
            yield holder, str(key), text


def walk_urns(resource: Resource) -> Iterator[tuple[Any, str | int, str]]:
    """Each `urn:uuid:` in an element of FHIR's uri types, such as Attachment.url; Reference.reference is walk_references' own."""
    for holder, key, element, text in _texts(resource):
        if element in URI_ELEMENTS and element != "reference" and text.startswith("urn:uuid:"):
            yield holder, key, text


def security_labels(resource: Resource) -> tuple[str, ...]:
    """The codes of meta.security, whatever their system: a label that lost its system still protects."""
    labels = _members(resource.get("meta"), "security")
    return tuple(dict.fromkeys(label["code"] for label in labels if isinstance(label, dict) and isinstance(label.get("code"), str)))


def encounter_participants(resource: Resource) -> EncounterParticipants:
    individuals = _references_at(resource, ("participant", "individual"))
    period = resource.get("period", {})
    return EncounterParticipants(
        practitioners=tuple(dict.fromkeys(text for text in individuals if PRACTITIONER.fullmatch(text))),
        provider=next(_references_at(resource, ("serviceProvider",)), None),
        start=period.get("start"),
        end=period.get("end"),
    )


def _references_at(node: Any, path: Sequence[str]) -> Iterator[str]:
    for member in _members(node, path[0]):
        if len(path) > 1:
            yield from _references_at(member, path[1:])
        elif isinstance(member, dict) and isinstance(member.get("reference"), str):
            yield member["reference"]


def _members(node: Any, name: str) -> list[Any]:
    found = node.get(name, []) if isinstance(node, dict) else []
    return found if isinstance(found, list) else [found]


def _texts(node: Any, element: str = "") -> Iterator[tuple[Any, str | int, str, str]]:
    """Every text with its holder, its key there, and the element it belongs to: a text in a list belongs to the list's element."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        name = key if isinstance(key, str) else element
        if isinstance(value, str):
            yield node, key, name, value
        elif isinstance(value, (dict, list)):
            yield from _texts(value, name)
