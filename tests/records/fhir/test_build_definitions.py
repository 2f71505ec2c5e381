"""The maintainer's script stops rather than guess."""

from __future__ import annotations

import pytest

from services.records.fhir.build_definitions import patched_schema
from services.records.fhir.compartment_paths import compartment_paths


def parameters(expression: str) -> dict[str, object]:
    return {"entry": [{"resource": {"base": ["Observation"], "code": "patient", "expression": expression}}]}


COMPARTMENT = {"resource": [{"code": "Observation", "param": ["patient"]}, {"code": "Medication"}]}


class TestCompartmentPaths:
    @pytest.mark.parametrize(
        ("expression", "path"),
        [
            ("Observation.subject", "subject"),
            ("Observation.subject.where(resolve() is Patient)", "subject"),
            ("Encounter.subject | Observation.component.who", "component.who"),
        ],
    )
    def test_reads_a_simple_expression(self, expression: str, path: str) -> None:
        assert compartment_paths(COMPARTMENT, parameters(expression)) == {"Observation": [path]}

    @pytest.mark.parametrize(
        "expression", ["Encounter.subject", "Observation.subject.ofType(Reference)", "Observation.subject | Observation[0]"]
    )
    def test_stops_at_any_other(self, expression: str) -> None:
        with pytest.raises(SystemExit):
            compartment_paths(COMPARTMENT, parameters(expression.replace("Observation[0]", "Observation.a[0]")))


class TestPatchedSchema:
    def test_stops_when_a_patch_finds_another_number_of_places(self) -> None:
        names = ("DeviceDefinition", "HealthcareService", "Meta", "ObservationDefinition", "OperationOutcome", "Reference")
        foreign = ("account", "author", "classification", "compartment", "offeredIn", "project", "publisher", "resource", "status")
        holders: dict[str, dict[str, object]] = {name: {"properties": {member: {} for member in foreign}} for name in names}
        definitions = {**holders, "ResourceList": {"oneOf": []}, "xhtml": {}, "base64Binary": {}}

        structures = [{"name": name, "snapshot": {"element": []}} for name in definitions]

        with pytest.raises(SystemExit, match="differs"):
            patched_schema({"$schema": "", "definitions": definitions}, structures)
