"""Finding patients across charts on the real site: exact values only, and no more than an id for whoever may not see them."""

import uuid

import pytest

from services.records.knowing.patient_keys import by_identifier, by_name_and_birth, keys_of_patient
from tests.builders import Desk, a_patient, an_encounter
from tests.records.test_erasing import erase

SYSTEM = "urn:oid:1.2.250.1.213.1.4.10"


def somebody(family: str | None = None, birth_date: str = "1951-02-03") -> dict[str, object]:
    number = uuid.uuid4().hex
    return a_patient(
        name=[{"family": family or f"Éssai-{number[:8]}", "given": ["Test"]}],
        birthDate=birth_date,
        identifier=[{"system": SYSTEM, "value": number}],
    )


def registered(desk: Desk, resource: dict[str, object], treated_by: str = "a.martin") -> str:
    patient = str(desk.create(resource)["id"])
    desk.create(an_encounter(patient, desk.practitioner(treated_by)))
    return patient


def found(desk: Desk, login: str, **wanted: str) -> list[dict[str, object]]:
    answer = desk.ask("POST", "Patient/_search", login, data=wanted)
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] == len(answer.json().get("entry", ()))
    return [entry["resource"] for entry in answer.json().get("entry", ())]


class TestFindPatients:
    def test_finds_by_identifier_with_and_without_its_system(self, desk: Desk):
        resource = somebody()
        patient, number = registered(desk, resource), resource["identifier"][0]["value"]
        for token in (f"{SYSTEM}|{number}", number):
            assert [one["id"] for one in found(desk, "a.martin", identifier=token)] == [patient]
            assert desk.ask("GET", "Patient", "a.martin", params={"identifier": token}).json()["total"] == 1
        assert found(desk, "a.martin", identifier=f"|{number}") == []
        assert found(desk, "a.martin", identifier=f"{SYSTEM}|{number[:-1]}") == []

    def test_finds_by_family_name_however_it_is_typed_but_with_the_whole_date(self, desk: Desk):
        resource = somebody()
        patient, family = registered(desk, resource), resource["name"][0]["family"]
        for typed in (family, family.upper(), family.replace("É", "e").replace("-", " ")):
            assert [one["id"] for one in found(desk, "a.martin", family=typed, birthdate="1951-02-03")] == [patient]
        assert found(desk, "a.martin", family=family, birthdate="1951-02-04") == []
        assert found(desk, "a.martin", family=family[:-1], birthdate="1951-02-03") == []

    def test_narrows_by_both(self, desk: Desk):
        family = f"Duo{uuid.uuid4().hex[:8]}"
        one, other = somebody(family), somebody(family)
        first, _second = registered(desk, one), registered(desk, other)
        assert len(found(desk, "a.martin", family=family, birthdate="1951-02-03")) == 2
        both = {"family": family, "birthdate": "1951-02-03", "identifier": one["identifier"][0]["value"]}
        assert [each["id"] for each in found(desk, "a.martin", **both)] == [first]

    def test_tells_a_stranger_that_there_is_a_chart_and_nothing_else(self, desk: Desk):
        resource = somebody()
        patient = registered(desk, resource)
        before = desk.ledger_size()
        [masked] = found(desk, "b.bernard", identifier=resource["identifier"][0]["value"])
        assert masked["id"] == patient
        assert set(masked) == {"resourceType", "id", "meta"}
        assert masked["meta"]["tag"][0]["code"] == "SUBSETTED"
        [note] = desk.notes_about(patient, since=before)
        assert (note["action"], note["outcome"], note["reason"]) == ("search", "refused", "no-care-relationship")

    def test_notes_each_patient_shown_in_their_own_trail_and_the_request(self, desk: Desk):
        family = f"Trio{uuid.uuid4().hex[:8]}"
        patients = [registered(desk, somebody(family)) for _ in range(2)]
        before = desk.ledger_size()
        found(desk, "a.martin", family=family, birthdate="1951-02-03")
        for patient in patients:
            assert [(note["action"], note["outcome"]) for note in desk.notes_about(patient, since=before)] == [("search", "answered")]

    def test_follows_a_change_of_name_and_finds_a_deleted_or_erased_patient_no_more(self, desk: Desk):
        resource = somebody()
        patient, number = registered(desk, resource), resource["identifier"][0]["value"]
        changed = {**resource, "id": patient, "name": [{"family": "Nouveau", "given": ["Test"]}]}
        assert desk.ask("PUT", f"Patient/{patient}", "d.durand", json=changed).status_code == 200
        assert found(desk, "a.martin", family=resource["name"][0]["family"], birthdate="1951-02-03") == []
        assert len(found(desk, "a.martin", identifier=number)) == 1
        erase(desk, patient)
        assert found(desk, "a.martin", identifier=number) == []

    @pytest.mark.parametrize("login", ["o.leroy", "u.faure", "t.roux", "integration.nord", "patient.nord"])
    def test_is_refused_to_whoever_registers_and_treats_nobody(self, desk: Desk, login: str):
        assert desk.ask("POST", "Patient/_search", login, data={"identifier": "anything"}).status_code == 403

    @pytest.mark.parametrize(
        "wanted",
        [
            {},
            {"family": "Essai"},
            {"birthdate": "1951-02-03"},
            {"family": "Essai", "birthdate": "1951"},
            {"family": "Essai", "birthdate": "ge1951-02-03"},
            {"given": "Test"},
            {"identifier": "1", "given": "Test"},
            {"identifier": ""},
        ],
    )
    def test_refuses_what_is_not_offered_instead_of_answering_something_else(self, desk: Desk, wanted: dict[str, str]):
        answer = desk.ask("POST", "Patient/_search", "a.martin", data=wanted)
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "not-supported")
        assert "Essai" not in answer.text

    @pytest.mark.parametrize("body", [b"\xff\xfe", b"a=1&" * 200, b"identifier=" + b"1" * 20_000], ids=["no-text", "many", "large"])
    def test_notes_the_refusal_of_what_is_no_form(self, desk: Desk, body: bytes):
        patient, _address = desk.a_chart()
        before = desk.ledger_size()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        assert desk.ask("POST", f"Observation/_search?patient={patient}", "a.martin", content=body, headers=headers).status_code == 400
        assert [note["outcome"] for note in desk.notes_about(patient, since=before)] == ["invalid"]


class TestKeysOfPatient:
    def test_names_every_identifier_and_every_name(self):
        keys = keys_of_patient(
            {
                "identifier": [{"system": "a", "value": "1"}, {"value": "2"}, {"system": "no-value"}],
                "name": [{"family": "Ångström"}, {"given": ["only"]}, {"family": "O’Neil"}],
                "birthDate": "1951-02-03",
            }
        )
        assert set(keys) == {
            by_identifier("a|1"),
            by_identifier("1"),
            by_identifier("|2"),
            by_identifier("2"),
            by_name_and_birth("angstrom", "1951-02-03"),
            by_name_and_birth("ONeil", "1951-02-03"),
        }

    def test_has_no_name_without_a_birth_date(self):
        assert keys_of_patient({"name": [{"family": "Essai"}]}) == []
