"""Words what the schema refuses from the keyword and the path alone: the library's own messages repeat the values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationError
from jsonschema_rs import ValidationErrorKind as Kind

from services.records.fhir import patterns
from services.records.fhir.definitions import DEFINITIONS, ELEMENT_NAMES, SCHEMA
from services.records.fhir.issues import Issue

HEAVIEST = 2_000
ANY_RESOURCE = {"type": "object", "required": ["resourceType"]}
PATTERN_KEYS = {
    patterns.DATE: "not-a-date",
    patterns.DATE_TIME: "not-a-date",
    patterns.INSTANT: "not-a-date",
    patterns.TIME: "not-a-time",
    patterns.ID: "not-an-id",
}
OTHER_KEYWORDS = {
    "type": ("structure", "wrong-shape"),
    "minProperties": ("structure", "empty"),
    "minItems": ("structure", "empty"),
    "enum": ("code-invalid", "not-in-list"),
    "minimum": ("value", "out-of-range"),
    "maximum": ("value", "out-of-range"),
}


def schema_issues(resource: dict[str, Any], kind: str, path: str) -> Iterator[Issue]:
    """What is wrong with this resource itself; the resources nested in it are only required to be resources."""
    errors = _all_errors(resource, kind) if _weight(resource) <= HEAVIEST else _first_error(resource, kind)
    return chain.from_iterable(_worded(error, path) for error in errors)


def _weight(node: Any) -> int:
    """The library finds every error before it gives the first, at 80 us each: a heavy resource has only its first one named."""
    found = 1
    for value in node.values() if isinstance(node, dict) else node:
        found += _weight(value) if isinstance(value, (dict, list)) else 1
        if found > HEAVIEST:
            break
    return found


def _all_errors(resource: dict[str, Any], kind: str) -> Iterator[ValidationError]:
    return _validator_of(kind).iter_errors(resource)


def _first_error(resource: dict[str, Any], kind: str) -> Iterator[ValidationError]:
    try:
        _validator_of(kind).validate(resource)
    except ValidationError as error:
        yield error


@lru_cache(maxsize=32)
def _validator_of(kind: str) -> jsonschema_rs.Validator:
    """About 1.5 MB each, since nested resources are cut off; made only to word an error, and never all of them."""
    schema = {**SCHEMA, "definitions": {**DEFINITIONS, "ResourceList": ANY_RESOURCE}, "$ref": f"#/definitions/{kind}"}
    return jsonschema_rs.validator_for(schema)


def _worded(error: ValidationError, root: str) -> Iterator[Issue]:
    path = root + "".join(_step(step) for step in error.instance_path)
    match error.kind:
        case Kind.Required(name):
            yield Issue("error", "required", f"{path}.{name}", "missing")
        case Kind.AdditionalProperties(names):
            yield from (Issue("error", "structure", _known(path, name), "unknown-element") for name in names)
        case Kind.Pattern(pattern):
            yield Issue("error", "value", path, PATTERN_KEYS.get(pattern, "bad-text"))
        case Kind.Not():
            yield Issue("error", "structure", f"{path}.{error.schema_path[-2]}", "one-choice")
        case Kind.AnyOf(alternatives) if error.schema_path[-2] == "items":
            yield from chain.from_iterable(_worded(inner, root) for inner in alternatives[-1])
        case Kind.AnyOf():
            yield Issue("error", "required", f"{path}.{_first_required(error.schema_path)}", "missing")
        case kind:
            code, key = OTHER_KEYWORDS.get(kind.name, ("invalid", "invalid"))
            yield Issue("error", code, path, key)


def _step(step: str | int) -> str:
    return f"[{step}]" if isinstance(step, int) else f".{step.removeprefix('_')}"


def _known(path: str, name: str) -> str:
    """An unknown key may be anything a client wrote, a name among others: only FHIR's own words are repeated."""
    return f"{path}.{name.removeprefix('_')}" if name in ELEMENT_NAMES else path


def _first_required(schema_path: Sequence[str | int]) -> str:
    """Of the elements one of which is required, the first; the alternative of a list of primitives is handled before."""
    place: Any = SCHEMA
    for step in schema_path:
        place = place[step]
    return str(place[0]["required"][0])
