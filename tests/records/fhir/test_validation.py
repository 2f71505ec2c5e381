"""What FHIR R4 refuses is refused, at its place, in words that hold no value."""

from __future__ import annotations

import copy
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.records.fhir.definitions import RESOURCE_TYPES
from services.records.fhir.issues import SENTENCES, InvalidResourceError
from services.records.fhir.parsing import parse_json
from services.records.fhir.validation import MOST_ISSUES, validate

from .sample import LIMIT, a_bundle, an_observation, bundle_bytes

CANARY = "Canari-7351"
AN_EXTENSION = {"url": "https://serment.example/e", "valueString": "x"}
BROKEN = [
    ({"subject": 5}, "structure", "Observation.subject", "wrong-shape"),
    ({"subject": [{"reference": "Patient/1"}]}, "structure", "Observation.subject", "wrong-shape"),
    ({"status": ...}, "required", "Observation.status", "missing"),
    ({"code": ...}, "required", "Observation.code", "missing"),
    ({"status": "done"}, "code-invalid", "Observation.status", "not-in-list"),
    ({"poids": 71}, "structure", "Observation", "unknown-element"),
    ({"birthDate": "1990"}, "structure", "Observation.birthDate", "unknown-element"),
    ({"code": {}}, "structure", "Observation.code", "empty"),
    ({"note": []}, "structure", "Observation.note", "empty"),
    ({"valueString": "x"}, "structure", "Observation.valueString", "one-choice"),
    ({"id": "a b"}, "value", "Observation.id", "not-an-id"),
    ({"id": "a" * 65}, "value", "Observation.id", "not-an-id"),
    ({"effectiveDateTime": "2025-02-30"}, "value", "Observation.effectiveDateTime", "not-a-date"),
    ({"effectiveDateTime": "2023-02-29"}, "value", "Observation.effectiveDateTime", "not-a-date"),
    ({"effectiveDateTime": "1900-02-29"}, "value", "Observation.effectiveDateTime", "not-a-date"),
    ({"effectiveDateTime": "2025-04-31"}, "value", "Observation.effectiveDateTime", "not-a-date"),
    ({"effectiveDateTime": "2025-01-01T08:00:00"}, "value", "Observation.effectiveDateTime", "not-a-date"),
    ({"issued": "2025-01-01"}, "value", "Observation.issued", "not-a-date"),
    ({"valueQuantity": {"value": "71"}}, "structure", "Observation.valueQuantity.value", "wrong-shape"),
    ({"valueQuantity": ..., "valueInteger": 1.5}, "structure", "Observation.valueInteger", "wrong-shape"),
    ({"valueQuantity": ..., "valueInteger": 2**31}, "value", "Observation.valueInteger", "out-of-range"),
    ({"valueQuantity": ..., "valueTime": "25:00:00"}, "value", "Observation.valueTime", "not-a-time"),
    ({"note": [{"text": "a\x01"}]}, "value", "Observation.note[0].text", "bad-text"),
    ({"text": {"status": "generated", "div": "plain"}}, "value", "Observation.text.div", "bad-text"),
    ({"extension": [{**AN_EXTENSION, "valueCode": "y"}]}, "structure", "Observation.extension[0].value", "one-choice"),
    ({"extension": [{"valueString": "x"}]}, "required", "Observation.extension[0].url", "missing"),
    ({"contained": [5]}, "structure", "Observation.contained[0]", "wrong-shape"),
    ({"contained": [{"resourceType": "Nobody"}]}, "not-supported", "Observation.contained[0].resourceType", "unknown-type"),
    ({"contained": [{"resourceType": 5}]}, "not-supported", "Observation.contained[0].resourceType", "unknown-type"),
    ({"contained": [{"resourceType": "Patient", "gender": "q"}]}, "code-invalid", "Observation.contained[0].gender", "not-in-list"),
    ({"resourceType": "Nobody"}, "not-supported", "resourceType", "unknown-type"),
    ({"resourceType": ...}, "required", "resourceType", "no-type"),
    ({"resourceType": ["Patient"]}, "required", "resourceType", "no-type"),
]
A_PATIENT = {"resourceType": "Patient", "id": "p-1"}
BROKEN_NAMES = [
    ({"given": [None, "Anne"]}, "structure", "Patient.name[0].given", "unfilled-gap"),
    ({"given": [None], "_given": [None]}, "structure", "Patient.name[0].given", "unfilled-gap"),
    ({"given": [5]}, "structure", "Patient.name[0].given[0]", "wrong-shape"),
    ({"_given": [{"extension": []}]}, "structure", "Patient.name[0].given[0].extension", "empty"),
    ({"family": ""}, "value", "Patient.name[0].family", "bad-text"),
]
SOUND = [
    an_observation(),
    an_observation(status=..., _status={"extension": [AN_EXTENSION]}),
    an_observation(note=[{"text": "37,2\u00a0°C\u202f!"}]),
    an_observation(effectiveDateTime="2000-02-29"),
    an_observation(effectiveDateTime="2024"),
    an_observation(contained=[A_PATIENT]),
    {**A_PATIENT, "name": [{"given": [None, "Anne"], "_given": [{"extension": [AN_EXTENSION]}, None]}]},
    {"resourceType": "Parameters", "parameter": [{"name": "r", "resource": A_PATIENT}]},
]
HOSTILE = [
    {"resourceType": "Patient", "name": [{"given": [5]}] * 300_000},
    {"resourceType": "Patient", "name": [{"given": [5] * 300_000}]},
    {"resourceType": "Patient", **{f"k{number}": 1 for number in range(100_000)}},
    {"resourceType": "Patient", "contained": [{"resourceType": "Observation"}] * 100_000},
    {"resourceType": "Patient", "birthDate": "2" * 10_000_000},
    {"resourceType": "Patient", "language": "a " * 5_000_000},
]


class TestValidate:
    def test_takes_every_resource_of_the_sample(self) -> None:
        resources = [entry["resource"] for raw in bundle_bytes() for entry in parse_json(raw, limit=LIMIT)["entry"]]

        assert [found for resource in resources if (found := validate(resource, expected_type=resource["resourceType"]))] == []
        assert len(resources) == 31_849

    @pytest.mark.parametrize("resource", SOUND)
    def test_takes(self, resource: dict[str, Any]) -> None:
        assert validate(resource, expected_type=None) == []

    @pytest.mark.parametrize(("changes", "code", "expression", "key"), BROKEN)
    def test_refuses(self, changes: dict[str, Any], code: str, expression: str, key: str) -> None:
        found = validate(an_observation(**changes), expected_type=None)

        assert (code, expression, key) in {(issue.code, issue.expression, issue.diagnostics_key) for issue in found}
        assert {issue.severity for issue in found} == {"error"}

    @pytest.mark.parametrize(("name", "code", "expression", "key"), BROKEN_NAMES)
    def test_refuses_a_name(self, name: dict[str, Any], code: str, expression: str, key: str) -> None:
        (found,) = validate({**A_PATIENT, "name": [name]}, expected_type="Patient")

        assert (found.code, found.expression, found.diagnostics_key) == (code, expression, key)

    def test_refuses_another_type_than_the_address_names(self) -> None:
        (found,) = validate(an_observation(), expected_type="Patient")

        assert found.diagnostics_key == "other-type"

    def test_names_an_error_inside_a_bundle_entry(self) -> None:
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": an_observation(status="done")}]}

        (found,) = validate(bundle, expected_type="Bundle")

        assert found.expression == "Bundle.entry[0].resource.status"

    @pytest.mark.parametrize("resource", HOSTILE)
    def test_answers_within_two_seconds(self, resource: dict[str, Any]) -> None:
        validate(resource, expected_type=None)  # its type's own validator is made once
        started = perf_counter()

        found = validate(resource, expected_type=None)

        assert 1 <= len(found) <= MOST_ISSUES
        assert perf_counter() - started < 2

    def test_knows_the_146_types_of_r4(self) -> None:
        assert len(RESOURCE_TYPES) == 146


class TestIssue:
    def test_speaks_both_languages(self) -> None:
        assert all(sentence.en and sentence.fr and sentence.en != sentence.fr for sentence in SENTENCES.values())

    @settings(max_examples=300, deadline=None)
    @given(data=st.data())
    def test_never_holds_what_was_sent(self, data: st.DataObject) -> None:
        resources = [*SOUND, *(entry["resource"] for entry in ENTRIES)]
        resource = copy.deepcopy(data.draw(st.sampled_from(resources)))
        for _ in range(data.draw(st.integers(1, 4))):
            holder, key = data.draw(st.sampled_from(list(places(resource))))
            holder[key] = data.draw(st.sampled_from([CANARY, [CANARY], {CANARY: CANARY}, {"text": CANARY}, 7351, [None, {CANARY: 7351}]]))

        refused = InvalidResourceError(validate(resource, expected_type=None))

        spoken = repr(refused.found) + repr(refused.issues()) + repr(refused)
        assert CANARY not in spoken
        assert "7351" not in spoken


ENTRIES = a_bundle()["entry"][:60]


def places(node: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = [(node, CANARY)] if isinstance(node, dict) else []
    for key, value in list(node.items()) if isinstance(node, dict) else list(enumerate(node)):
        found.append((node, key))
        if isinstance(value, (dict, list)):
            found.extend(places(value))
    return found
