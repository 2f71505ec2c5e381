"""The vendored FHIR R4 definitions, read once, in the shapes in which the code looks things up."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from services.records.fhir.patterns import URI

_FOLDER = Path(__file__).parent / "definitions"
_COMPARTMENTS: dict[str, list[str]] = json.loads((_FOLDER / "compartments.json").read_bytes())

SCHEMA: dict[str, Any] = json.loads(gzip.decompress((_FOLDER / "fhir.schema.json.gz").read_bytes()))
DEFINITIONS: dict[str, Any] = SCHEMA["definitions"]
RESOURCE_TYPES = frozenset(entry["$ref"].rpartition("/")[2] for entry in DEFINITIONS["ResourceList"]["oneOf"])
ELEMENT_NAMES = frozenset(name for definition in DEFINITIONS.values() for name in definition.get("properties", ()))
EXTENSION_VALUES = frozenset(name for name in DEFINITIONS["Extension"]["properties"] if name.startswith("value"))
PATIENT_PATHS = {kind: tuple(tuple(path.split(".")) for path in paths) for kind, paths in _COMPARTMENTS.items()}
REFERENCE_ELEMENTS = frozenset(DEFINITIONS["Reference"]["properties"])


def _holds_uri(member: dict[str, Any]) -> bool:
    item = member.get("items", member)
    text = item["anyOf"][-1] if "anyOf" in item else item
    return text.get("pattern") == URI or text.get("$ref", "").rpartition("/")[2] in URI_TYPES


URI_TYPES = frozenset({"uri", "url", "canonical", "uuid", "oid"})
URI_ELEMENTS = frozenset(
    name for definition in DEFINITIONS.values() for name, member in definition.get("properties", {}).items() if _holds_uri(member)
)
