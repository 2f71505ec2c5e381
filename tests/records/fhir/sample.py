"""Reads the sample charts that ship with the repository, for the tests of FHIR."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.records.fhir.parsing import parse_json

BUNDLES = Path(__file__).parents[3] / "deploy" / "local" / "sample" / "bundles"
LIMIT = 64 * 1024 * 1024


def bundle_bytes() -> Iterator[bytes]:
    return (gzip.decompress(path.read_bytes()) for path in sorted(BUNDLES.glob("*.json.gz")))


def a_bundle() -> dict[str, Any]:
    smallest = min(BUNDLES.glob("patient-*.json.gz"), key=lambda path: path.stat().st_size)
    return parse_json(gzip.decompress(smallest.read_bytes()), limit=LIMIT)


def an_observation(**changes: object) -> dict[str, Any]:
    """A sound Observation; a change to `...` takes the element out."""
    sound = {
        "resourceType": "Observation",
        "id": "o-1",
        "status": "final",
        "code": {"text": "Poids"},
        "subject": {"reference": "Patient/p-1"},
        "effectiveDateTime": "2024-02-29T08:30:00+01:00",
        "valueQuantity": {"value": 71, "unit": "kg"},
    }
    return {key: value for key, value in {**sound, **changes}.items() if value is not ...}
