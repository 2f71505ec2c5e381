"""Says whether a resource follows FHIR R4, and if not what is wrong and where."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import jsonschema_rs

from services.records.fhir.definitions import EXTENSION_VALUES, RESOURCE_TYPES, SCHEMA
from services.records.fhir.issues import Issue
from services.records.fhir.schema_errors import schema_issues

MOST_ISSUES = 20
NESTING_KEYS = ("contained", "resource", "outcome")

# One validator for all types: each one rooted at a type of its own would hold every type again, 24 MB a time.
_VALIDATOR = jsonschema_rs.validator_for({**SCHEMA, "$ref": "#/definitions/ResourceList"})


def validate(resource: dict[str, Any], *, expected_type: str | None) -> list[Issue]:
    """No issue means sound; the issues name elements and never hold a value. At most MOST_ISSUES are given."""
    kind = resource.get("resourceType")
    if not isinstance(kind, str):
        return [Issue("error", "required", "resourceType", "no-type")]
    if kind not in RESOURCE_TYPES:
        return [Issue("error", "not-supported", "resourceType", "unknown-type")]
    if expected_type not in {None, kind}:
        return [Issue("error", "invalid", f"{kind}.resourceType", "other-type")]
    if _VALIDATOR.is_valid(resource):
        return [] if _is_sound(resource) else _first(_unsound(resource, kind))
    return _first(_broken(resource, kind)) or [Issue("error", "invalid", kind, "invalid")]


def _first(issues: Iterator[Issue]) -> list[Issue]:
    return list(dict.fromkeys(islice(issues, MOST_ISSUES)))


def _is_sound(node: dict[str, Any]) -> bool:
    """What the schema cannot say in reasonable time; quick, because almost every resource passes."""
    if "url" in node and not _has_one_value(node):
        return False
    for key, value in node.items():
        if type(value) is dict:
            if not _is_sound(value):
                return False
        elif type(value) is list and not _is_sound_list(node, key, value):
            return False
    return True


def _is_sound_list(node: dict[str, Any], key: str, values: list[Any]) -> bool:
    if None in values and not _fills_gaps(node, key, values):
        return False
    return all(_is_sound(value) for value in values if type(value) is dict)


def _has_one_value(node: dict[str, Any]) -> bool:
    return len(EXTENSION_VALUES & node.keys()) <= 1


def _fills_gaps(node: dict[str, Any], key: str, values: list[Any]) -> bool:
    """Each null needs its counterpart: `given` beside `_given`, place by place."""
    others = node.get(key[1:] if key.startswith("_") else f"_{key}") or []
    return all(value is not None or (place < len(others) and others[place] is not None) for place, value in enumerate(values))


def _unsound(node: dict[str, Any], path: str) -> Iterator[Issue]:
    if "url" in node and not _has_one_value(node):
        yield Issue("error", "structure", f"{path}.value", "one-choice")
    for key, value in node.items():
        if isinstance(value, list) and None in value and not _fills_gaps(node, key, value):
            yield Issue("error", "structure", f"{path}.{key.removeprefix('_')}", "unfilled-gap")
        for inner, where in _within(key, value):
            yield from _unsound(inner, f"{path}.{where}")


def _broken(resource: dict[str, Any], path: str) -> Iterator[Issue]:
    """A nested resource is judged by its own type, so that its errors are its own and not those of 146 alternatives."""
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or kind not in RESOURCE_TYPES:
        yield Issue("error", "not-supported", f"{path}.resourceType", "unknown-type")
        return
    yield from schema_issues(resource, kind, path)
    yield from _broken_within(resource, path)


def _broken_within(node: dict[str, Any], path: str) -> Iterator[Issue]:
    for key, value in node.items():
        for inner, where in _within(key, value):
            nested = key in NESTING_KEYS and "resourceType" in inner
            yield from _broken(inner, f"{path}.{where}") if nested else _broken_within(inner, f"{path}.{where}")


def _within(key: str, value: object) -> Iterator[tuple[dict[str, Any], str]]:
    name = key.removeprefix("_")
    if isinstance(value, dict):
        yield value, name
    elif isinstance(value, list):
        yield from ((inner, f"{name}[{place}]") for place, inner in enumerate(value) if isinstance(inner, dict))
