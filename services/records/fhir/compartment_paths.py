"""Turns the Patient CompartmentDefinition and its search parameters into the element paths that place a resource in a chart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

SIMPLE_PATH = re.compile(r"[A-Z]\w+\.(?P<path>\w+(\.(?!where\b)\w+)*)(\.where\(resolve\(\) is Patient\))?")


def compartment_paths(compartment: dict[str, Any], parameters: dict[str, Any]) -> dict[str, list[str]]:
    """A parameter that no simple path expresses ends the build: a resource must never miss its chart in silence."""
    known = {(base, parameter["code"]): parameter["expression"] for base, parameter in _by_base(parameters)}
    return {
        resource["code"]: sorted({path for code in resource["param"] for path in _paths(resource["code"], known[resource["code"], code])})
        for resource in compartment["resource"]
        if "param" in resource
    }


def _by_base(bundle: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    parameters = [entry["resource"] for entry in bundle["entry"] if "expression" in entry["resource"]]
    return ((base, parameter) for parameter in parameters for base in parameter["base"])


def _paths(resource_type: str, expression: str) -> list[str]:
    own = [part.strip() for part in expression.split("|") if part.strip().startswith(f"{resource_type}.")]
    matches = [SIMPLE_PATH.fullmatch(part) for part in own]
    if not matches or None in matches:
        raise SystemExit(f"no simple path in {expression!r}")
    return [match["path"] for match in matches if match]
