"""Makes the vendored FHIR R4 definitions from an unpacked copy of their npm package; run by hand, by a maintainer.

python -m services.records.fhir.build_definitions path/to/package/dist/fhir/r4
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from services.records.fhir import schema_patches as patches
from services.records.fhir.compartment_paths import compartment_paths
from services.records.fhir.elements import elements

DESTINATION = Path(__file__).parent / "definitions"
SOURCES = (
    "fhir.schema.json",
    "profiles-types.json",
    "profiles-resources.json",
    "search-parameters.json",
    "compartmentdefinition-patient.json",
)
LATER_VERSIONS = {"SubscriptionStatus"}
EXPECTED = {
    "keep_official_types": 74,
    "refuse_empty_objects": 659,
    "know_the_current_version": 4,
    "correct_patterns": 238,
    "refuse_empty_lists": 3070,
    "require_primitives": 420,
    "allow_one_choice": 175,
    "require_choices": 47,
    "add_missing_shadows": 72,
    "allow_gaps_in_primitive_lists": 175,
    "refuse_fractions": 58,
    "drop_idle_keywords": 11571,
}


def build(source: Path) -> None:
    documents = {name: json.loads((source / name).read_bytes()) for name in SOURCES}
    structures = [*_structures(documents["profiles-types.json"]), *_structures(documents["profiles-resources.json"])]
    schema = patched_schema(documents["fhir.schema.json"], structures)
    paths = compartment_paths(documents["compartmentdefinition-patient.json"], documents["search-parameters.json"])

    (DESTINATION / "fhir.schema.json.gz").write_bytes(gzip.compress(_compact(schema), mtime=0))
    (DESTINATION / "compartments.json").write_text(json.dumps(paths, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    for name in SOURCES:
        sys.stdout.write(f"{hashlib.sha256((source / name).read_bytes()).hexdigest()}  {name}\n")


def patched_schema(schema: dict[str, Any], structures: list[dict[str, Any]]) -> dict[str, Any]:
    definitions = schema["definitions"]
    counts = {"keep_official_types": patches.keep_official_types(definitions, {structure["name"] for structure in structures})}
    found = list(elements(definitions, structures))
    counts |= {
        "refuse_empty_objects": patches.refuse_empty_objects(definitions),
        "know_the_current_version": patches.know_the_current_version(definitions),
        "correct_patterns": patches.correct_patterns(definitions),
        "refuse_empty_lists": patches.refuse_empty_lists(definitions),
        "require_primitives": patches.require_primitives(found),
        "allow_one_choice": patches.allow_one_choice(found),
        "require_choices": patches.require_choices(found),
        "add_missing_shadows": patches.add_missing_shadows(found),
        "allow_gaps_in_primitive_lists": patches.allow_gaps_in_primitive_lists(definitions),
        "refuse_fractions": patches.refuse_fractions(definitions),
        "drop_idle_keywords": patches.drop_idle_keywords(definitions),
    }
    if counts != EXPECTED:
        raise SystemExit(f"the package differs from the one these patches were made for: {counts}")
    return {"$schema": schema["$schema"], "definitions": definitions}


def _structures(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    resources = [entry["resource"] for entry in bundle["entry"]]
    return [
        resource for resource in resources if resource["resourceType"] == "StructureDefinition" and resource["name"] not in LATER_VERSIONS
    ]


def _compact(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


if __name__ == "__main__":
    build(Path(sys.argv[1]))
