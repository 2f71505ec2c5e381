"""References are found where FHIR puts them, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from services.records.fhir.definitions import PATIENT_PATHS, RESOURCE_TYPES
from services.records.fhir.references import (
    EncounterParticipants,
    encounter_participants,
    patients_of,
    security_labels,
    walk_references,
    walk_urns,
)

from .sample import a_bundle, an_observation

BASE = "https://nord.serment.example/fhir"


def to(reference: str) -> dict[str, Any]:
    return {"reference": reference}


class TestPatientsOf:
    @pytest.mark.parametrize(
        ("reference", "found"),
        [
            ("Patient/1", {"1"}),
            ("Patient/1/_history/2", {"1"}),
            (f"{BASE}/Patient/1", {"1"}),
            (f"{BASE}/Patient/1/_history/2", {"1"}),
            ("https://elsewhere.example/fhir/Patient/1", set()),
            ("urn:uuid:0f5b7b2e-0000-4000-8000-000000000000", set()),
            ("Patient?identifier=a|1", set()),
            ("Group/1", set()),
            ("#p", set()),
            ("Patient/1/2", set()),
            ("Patient/1?x=2", set()),
        ],
    )
    def test_reads_a_subject(self, reference: str, found: set[str]) -> None:
        assert patients_of(an_observation(subject=to(reference)), bases={f"{BASE}/"}) == found

    @pytest.mark.parametrize(
        ("resource", "found"),
        [
            ({"resourceType": "Appointment", "participant": [{"actor": to("Patient/1")}, {"actor": to("Location/2")}]}, {"1"}),
            ({"resourceType": "Provenance", "target": [to("Patient/1"), to("Patient/2"), to("Observation/3")]}, {"1", "2"}),
            ({"resourceType": "Observation", "subject": to("Patient/1"), "performer": [to("Patient/2")]}, {"1", "2"}),
            ({"resourceType": "Observation", "focus": [to("Patient/1")]}, set()),
            ({"resourceType": "Patient", "id": "1", "link": [{"other": to("Patient/2")}]}, {"2"}),
            ({"resourceType": "Practitioner", "id": "1"}, set()),
            ({"resourceType": "Observation", "subject": 5, "performer": [5, None, {"reference": 5}]}, set()),
            ({"resourceType": "CarePlan", "activity": {"detail": {"performer": [to("Patient/1")]}}}, {"1"}),
        ],
    )
    def test_follows_the_compartment(self, resource: dict[str, Any], found: set[str]) -> None:
        assert patients_of(resource) == found

    def test_knows_known_types_only(self) -> None:
        assert set(PATIENT_PATHS) <= RESOURCE_TYPES
        assert len(PATIENT_PATHS) == 67


class TestWalkReferences:
    def test_rewrites_every_reference(self) -> None:
        bundle = a_bundle()
        urls = {entry["fullUrl"] for entry in bundle["entry"]}

        for holder, key, text in walk_references(bundle):
            holder[key] = "Basic/1" if text in urls else text

        assert not [text for _, _, text in walk_references(bundle) if text in urls]

    def test_finds_those_in_contained_resources_and_extensions_and_no_other_text(self) -> None:
        resource = an_observation(
            contained=[{"resourceType": "Encounter", "subject": to("Patient/2")}],
            extension=[{"url": "https://serment.example/e", "valueReference": to("Patient/3")}],
            valueQuantity=...,
            valueString="Patient/4",
            expression={"language": "text/cql", "reference": "https://serment.example/library"},
        )

        assert {text for _, _, text in walk_references(resource)} == {"Patient/1", "Patient/2", "Patient/3"} - {"Patient/1"} | {
            "Patient/p-1"
        }


class TestWalkUrns:
    def test_finds_addresses_and_leaves_identifiers(self) -> None:
        urn = "urn:uuid:0f5b7b2e-0000-4000-8000-000000000000"
        resource = {
            "resourceType": "DocumentReference",
            "identifier": [{"system": "urn:ietf:rfc:3986", "value": urn}],
            "subject": to(urn),
            "description": urn,
            "content": [{"attachment": {"url": urn}}],
            "instantiatesUri": [urn],
        }

        for holder, key, _ in list(walk_urns(resource)):
            holder[key] = "Binary/1"

        assert resource["content"] == [{"attachment": {"url": "Binary/1"}}]
        assert resource["instantiatesUri"] == ["Binary/1"]
        assert (resource["subject"], resource["description"]) == (to(urn), urn)
        assert resource["identifier"] == [{"system": "urn:ietf:rfc:3986", "value": urn}]


class TestSecurityLabels:
    @pytest.mark.parametrize(
        ("meta", "labels"),
        [
            ({"security": [{"system": "a", "code": "R"}, {"code": "PSY"}, {"code": "R"}, {"display": "x"}]}, ("R", "PSY")),
            ({}, ()),
            (None, ()),
        ],
    )
    def test_reads_the_codes(self, meta: object, labels: tuple[str, ...]) -> None:
        assert security_labels({"resourceType": "Basic", "meta": meta}) == labels


class TestEncounterParticipants:
    def test_reads_who_where_and_when(self) -> None:
        encounter = {
            "resourceType": "Encounter",
            "participant": [{"individual": to("Practitioner/1")}, {"individual": to("RelatedPerson/2")}, {"type": []}],
            "serviceProvider": to("Organization/3"),
            "period": {"start": "2026-11-01T08:00:00+01:00"},
        }

        assert encounter_participants(encounter) == EncounterParticipants(
            ("Practitioner/1",), "Organization/3", "2026-11-01T08:00:00+01:00", None
        )

    def test_takes_an_encounter_that_says_nothing(self) -> None:
        assert encounter_participants({"resourceType": "Encounter"}) == EncounterParticipants((), None, None, None)
