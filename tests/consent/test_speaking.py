"""What a patient says: kept once, in force when answered, read back as FHIR, each access an entry."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.records.fhir.validation import validate
from tests.builders import HTEST, Desk, an_observation
from tests.consent.conftest import ConsentDesk


class TestSaying:
    def test_answers_with_the_proof_of_its_force(self, consent: ConsentDesk, patient: str) -> None:
        answer = consent.says(patient, units=["unit-a"])

        told = answer.json()
        assert (answer.status_code, answer.headers["etag"], told["state"], told["version"]) == (201, 'W/"1"', "active", 1)
        assert told["in_force_at"] is not None
        assert told["evidence"]["replicas"] == told["evidence"]["stated"] + told["evidence"]["left"] > 0

    def test_is_decided_by_at_once_on_every_replica(self, consent: ConsentDesk, desk: Desk) -> None:
        patient, observation = desk.a_chart()
        for _ in range(5):
            said = consent.says(patient, persons=[desk.practitioner("a.martin")]).json()
            assert [desk.ask("GET", observation, "a.martin", replica=one).status_code for one in (0, 1)] == [403, 403]
            consent.takes_back(said["id"])
            assert [desk.ask("GET", observation, "a.martin", replica=one).status_code for one in (0, 1)] == [200, 200]

    def test_takes_labelled_resources_out_of_an_answer(self, consent: ConsentDesk, desk: Desk) -> None:
        patient, plain = desk.a_chart()
        label = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}
        labelled = desk.create(an_observation(patient, meta={"security": [HTEST, label]}))["id"]
        consent.says(patient, labels=["HIV"])

        assert desk.ask("GET", plain, "a.martin").status_code == 200
        assert desk.ask("GET", f"Observation/{labelled}", "a.martin").status_code == 404
        found = desk.ask("GET", "Observation", "a.martin", params={"patient": patient}).json()
        assert [f"Observation/{entry['resource']['id']}" for entry in found["entry"]] == [plain]

    def test_changes_nothing_twice(self, consent: ConsentDesk, patient: str) -> None:
        key = {"idempotency-key": uuid.uuid4().hex}
        answers = [consent.says(patient, headers=key, units=["unit-a"]).json() for _ in range(3)]

        assert answers[0] == answers[1] == answers[2]
        assert len(consent.ask("GET", f"/consents?patient={patient}").json()) == 1

    def test_takes_a_key_for_one_request_only(self, consent: ConsentDesk, patient: str) -> None:
        key = {"idempotency-key": uuid.uuid4().hex}
        consent.says(patient, headers=key, units=["unit-a"])

        answer = consent.says(patient, headers=key, units=["unit-b"])

        assert (answer.status_code, answer.json()["type"]) == (422, "urn:serment:problem:idempotency-key-reused")

    def test_under_one_key_at_once_is_kept_once(self, consent: ConsentDesk, patient: str) -> None:
        key = {"idempotency-key": uuid.uuid4().hex}
        consent.running.token("o.leroy", "RECORDMGT")
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: consent.says(patient, headers=key, units=["unit-a"]), range(4)))

        assert {answer.status_code for answer in answers} <= {201, 503}
        assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
        assert len(consent.ask("GET", f"/consents?patient={patient}").json()) == 1

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            json.dumps({"patient": "x", "kind": "objection"}).encode(),
            json.dumps({"patient": str(uuid.UUID(int=1)), "kind": "wish"}).encode(),
            json.dumps({"patient": str(uuid.UUID(int=1)), "kind": "objection", "unit": "unit-a"}).encode(),
            json.dumps({"patient": str(uuid.UUID(int=1)), "kind": "objection", "units": ["a b"]}).encode(),
            json.dumps({"patient": str(uuid.UUID(int=1)), "kind": "objection", "purposes": ["FUN"]}).encode(),
            json.dumps({"patient": str(uuid.UUID(int=1)), "kind": "objection", "ends": "soon"}).encode(),
            json.dumps(
                {"patient": str(uuid.UUID(int=1)), "kind": "objection", "units": ["u"] * 1, "labels": [f"L{n}" for n in range(99)]}
            ).encode(),
            b'{"patient": "%b", "kind": "objection", "kind": "consent"}' % str(uuid.UUID(int=1)).encode(),
            b"[" * 60_000,
            b" " * 70_000,
        ],
    )
    def test_in_the_wrong_form_is_refused_without_an_echo(self, consent: ConsentDesk, body: bytes) -> None:
        answer = consent.ask("POST", "/consents", content=body)

        assert (answer.status_code, answer.json()["type"]) == (422, "urn:serment:problem:wrong-words")
        assert "FUN" not in answer.text

    def test_in_the_wrong_form_is_told_which_fields_are_wrong(self, consent: ConsentDesk) -> None:
        body = {"kind": "wish", "purposes": ["FUN"], "ends": None}

        answer = consent.ask("POST", "/consents", json=body)

        assert answer.json()["detail"].endswith("Wrong or missing: `purposes`, `patient`, `kind`.")


class TestTakingBack:
    def test_ends_it_once_and_for_all(self, consent: ConsentDesk, patient: str) -> None:
        said = consent.says(patient).json()

        first, again = consent.takes_back(said["id"]), consent.takes_back(said["id"])

        assert (first.status_code, again.status_code) == (200, 200)
        assert (first.json()["state"], first.json()["version"], first.headers["etag"]) == ("inactive", 2, 'W/"2"')
        assert again.json()["evidence"] == first.json()["evidence"]
        assert first.json()["evidence"]["number"] > said["evidence"]["number"]

    def test_of_what_somebody_else_took_back_is_told(self, consent: ConsentDesk, patient: str) -> None:
        said = consent.says(patient).json()
        consent.takes_back(said["id"])

        answer = consent.takes_back(said["id"], **{"if-match": 'W/"1"'})

        assert (answer.status_code, answer.json()["type"]) == (412, "urn:serment:problem:changed-meanwhile")

    def test_retried_under_its_key_is_answered_as_before(self, consent: ConsentDesk, patient: str) -> None:
        said = consent.says(patient).json()
        headers = {"if-match": 'W/"1"', "idempotency-key": uuid.uuid4().hex}

        first, again = consent.takes_back(said["id"], **headers), consent.takes_back(said["id"], **headers)

        assert (first.status_code, again.json()) == (200, first.json())

    def test_by_two_at_once_is_done_by_one(self, consent: ConsentDesk, patient: str) -> None:
        said = consent.says(patient).json()
        consent.running.token("o.leroy", "RECORDMGT")
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda _: consent.takes_back(said["id"], **{"if-match": 'W/"1"'}), range(2)))

        assert sorted(answer.status_code for answer in answers) in ([200, 412], [200, 503])

    @pytest.mark.parametrize("ident", ["nothing", str(uuid.UUID(int=7)), "x" * 200, "%00"])
    def test_of_nothing_is_unknown(self, consent: ConsentDesk, ident: str) -> None:
        assert consent.takes_back(ident).status_code == 404


class TestReadingBack:
    def test_is_a_fhir_consent(self, consent: ConsentDesk, patient: str) -> None:
        said = consent.says(
            patient,
            kind="consent",
            purposes=["HRESCH"],
            sites=["nord"],
            labels=["N"],
            ends="2030-01-01T00:00:00Z",
            exceptions=[{"persons": ["Practitioner/17", "somebody"], "units": ["unit-a"]}],
        ).json()

        answer = consent.ask("GET", f"/fhir/Consent/{said['id']}")

        resource = answer.json()
        assert validate(resource, expected_type="Consent") == []
        assert answer.headers["content-type"].startswith("application/fhir+json")
        assert (resource["status"], resource["provision"]["type"], resource["provision"]["provision"][0]["type"]) == (
            "active",
            "permit",
            "deny",
        )
        assert resource["patient"] == {"reference": f"Patient/{patient}"}

    def test_keeps_what_was_taken_back(self, consent: ConsentDesk, patient: str) -> None:
        first = consent.says(patient, units=["unit-a"]).json()["id"]
        second = consent.says(patient, units=["unit-b"]).json()["id"]
        consent.takes_back(first)

        history = consent.ask("GET", f"/consents?patient={patient}").json()
        bundle = consent.ask("GET", f"/fhir/Consent?patient={patient}").json()

        assert [(one["id"], one["state"], one["version"]) for one in history] == [(first, "inactive", 2), (second, "active", 1)]
        assert [entry["resource"]["status"] for entry in bundle["entry"]] == ["inactive", "active"]
        assert bundle["total"] == 2

    def test_of_somebody_who_said_nothing_is_empty(self, consent: ConsentDesk, patient: str) -> None:
        assert consent.ask("GET", f"/fhir/Consent?patient={patient}").json() == {"resourceType": "Bundle", "type": "searchset", "total": 0}

    def test_names_where_other_types_are(self, consent: ConsentDesk) -> None:
        answer = consent.ask("GET", "/fhir/Patient/x")

        assert answer.status_code == 404
        assert consent.running.fhir("nord") in answer.json()["issue"][0]["details"]["text"]


class TestNotes:
    def test_tell_every_access_and_refusal(self, consent: ConsentDesk, patient: str) -> None:
        said = consent.says(patient, units=["unit-a"]).json()
        consent.ask("GET", f"/fhir/Consent/{said['id']}")
        consent.ask("GET", f"/consents?patient={patient}")
        consent.ask("GET", f"/fhir/Consent/{said['id']}", "patient.nord", None)
        consent.ask("POST", "/consents", "a.martin", "TREAT", json={"patient": patient, "kind": "consent"})
        consent.takes_back(said["id"])
        consent.takes_back(said["id"], **{"if-match": 'W/"1"'})

        notes = consent.notes_about(patient, at_least=7)

        told = [(note["action"], note["outcome"], note["status"]) for note in notes]
        assert sorted(told) == sorted(
            [
                ("create", "answered", 200),
                ("read", "answered", 200),
                ("search", "answered", 200),
                ("read", "not-found", 404),
                ("create", "refused", 403),
                ("update", "answered", 200),
                ("update", "conflict", 412),
            ]
        )
        assert len({note["id"] for note in notes}) == 7
