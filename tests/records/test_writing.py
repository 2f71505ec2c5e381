"""Writes on the real site: created, updated, deleted, conflicting, and transactions that are whole or not there at all."""

import concurrent.futures
import uuid

import pytest

from cli.story import ledger_view
from tests.builders import HTEST, Desk, a_patient, a_transaction, an_encounter, an_observation


class TestStoreRecord:
    def test_gives_ids_versions_and_times_of_its_own(self, desk: Desk):
        patient = desk.create(a_patient(id="jeanne", meta={"versionId": "7", "security": [HTEST]}))
        assert uuid.UUID(patient["id"]).version == 4
        assert patient["meta"]["versionId"] == "1"
        assert patient["meta"]["security"] == [HTEST]

    def test_keeps_decimals_as_they_were_sent(self, desk: Desk):
        patient, _address = desk.a_chart()
        raw = b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/%s"},' % patient.encode()
        raw += b'"valueQuantity":{"value":1.10}}'
        created = desk.ask("POST", "Observation", "a.martin", content=raw, headers={"content-type": "application/fhir+json"})
        assert created.status_code == 201
        assert b'"value":1.10' in desk.ask("GET", f"Observation/{created.json()['id']}", "a.martin").content

    def test_answers_where_the_new_record_is(self, desk: Desk):
        patient, _address = desk.a_chart()
        answer = desk.ask("POST", "Observation", "a.martin", json=an_observation(patient), headers={"prefer": "return=minimal"})
        assert answer.status_code == 201
        assert answer.content == b""
        assert answer.headers["location"].endswith("/_history/1")

    def test_updates_to_a_new_version_and_keeps_the_old_one(self, desk: Desk):
        patient, address = desk.a_chart()
        ident = address.split("/")[1]
        changed = an_observation(patient, id=ident, status="amended")
        answer = desk.ask("PUT", address, "a.martin", json=changed)
        assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')
        assert desk.ask("GET", address, "a.martin").json()["status"] == "amended"

    def test_lets_one_of_two_writers_win(self, desk: Desk):
        patient, address = desk.a_chart()
        ident = address.split("/")[1]
        body = an_observation(patient, id=ident, status="amended")

        def write(replica: int) -> int:
            return desk.ask("PUT", address, "a.martin", json=body, replica=replica % 2, headers={"if-match": 'W/"1"'}).status_code

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            statuses = sorted(pool.map(write, range(6)))
        assert statuses == [200, 412, 412, 412, 412, 412]
        report = ledger_view.whole_report(desk.auditor)
        assert report.ok, report.findings

    def test_notes_a_conflict_as_one(self, desk: Desk):
        patient, address = desk.a_chart()
        before = desk.ledger_size()
        body = an_observation(patient, id=address.split("/")[1])
        assert desk.ask("PUT", address, "a.martin", json=body, headers={"if-match": 'W/"9"'}).status_code == 412
        assert [note["outcome"] for note in desk.notes_about(patient, since=before)] == ["conflict"]

    def test_does_not_move_a_record_to_another_patient(self, desk: Desk):
        (_mine, address), (other, _address) = desk.a_chart(), desk.a_chart()
        answer = desk.ask("PUT", address, "a.martin", json=an_observation(other, id=address.split("/")[1]))
        assert (answer.status_code, answer.json()["issue"][0]["details"]["coding"][0]["code"]) == (422, "several-patients")

    @pytest.mark.parametrize("login", ["b.bernard", "d.durand", "o.leroy", "u.faure", "patient.nord"])
    def test_is_refused_to_those_who_may_not(self, desk: Desk, login: str):
        patient, address = desk.a_chart()
        purpose = "HCOMPL" if login == "o.leroy" else None
        assert desk.ask("POST", "Observation", login, json=an_observation(patient), purpose=purpose).status_code == 403
        assert desk.ask("DELETE", address, login, purpose=purpose).status_code == 403

    def test_keeps_a_device_that_names_a_patient_in_that_patients_chart(self, desk: Desk):
        patient, _address = desk.a_chart()
        device = desk.create({"resourceType": "Device", "meta": {"security": [HTEST]}, "patient": {"reference": f"Patient/{patient}"}})
        assert desk.ask("GET", f"Device/{device['id']}", "b.bernard").status_code == 403

    @pytest.mark.parametrize(
        ("subject", "slug"),
        [
            ({"reference": "Patient/5f0c54d2-3f0a-4c52-9d6e-0a0d9f4b1c11"}, "unknown-patient"),
            ({"display": "Jeanne Canari"}, "no-patient"),
            ({"reference": "https://elsewhere.example/fhir/Patient/1"}, "no-patient"),
            ({"identifier": {"value": "1"}}, "no-patient"),
        ],
    )
    def test_takes_no_clinical_record_whose_patient_it_cannot_follow(self, desk: Desk, subject: dict, slug: str):
        answer = desk.ask("POST", "Observation", "integration.nord", json=an_observation("x", subject=subject))
        assert (answer.status_code, answer.json()["issue"][0]["details"]["coding"][0]["code"]) == (422, slug)
        assert "Canari" not in answer.text


class TestStoreBundle:
    def test_resolves_what_it_creates_itself(self, desk: Desk):
        bundle = a_transaction(a_patient(), an_observation("x"))
        bundle["entry"][1]["resource"]["subject"]["reference"] = bundle["entry"][0]["fullUrl"]
        answer = desk.ask("POST", "", "integration.nord", json=bundle)
        assert answer.status_code == 200
        addresses = [entry["response"]["location"].split("/_history")[0] for entry in answer.json()["entry"]]
        patient = addresses[0].split("/")[1]
        desk.create(an_encounter(patient, desk.practitioner("a.martin")))
        assert desk.ask("GET", addresses[1], "a.martin").json()["subject"]["reference"] == addresses[0]

    def test_tells_all_of_its_writes_in_one_note(self, desk: Desk):
        bundle = a_transaction(a_patient(), an_observation("x"), an_observation("x"))
        for entry in bundle["entry"][1:]:
            entry["resource"]["subject"]["reference"] = bundle["entry"][0]["fullUrl"]
        answer = desk.ask("POST", "", "integration.nord", json=bundle)
        patient = answer.json()["entry"][0]["response"]["location"].split("/")[1]
        notes = desk.notes_about(patient)
        assert len(notes) == 1
        assert len(notes[0]["writes"]) == 3

    @pytest.mark.parametrize(
        "break_it",
        [
            lambda bundle: bundle["entry"][1]["resource"].pop("status"),
            lambda bundle: bundle["entry"][1]["resource"]["subject"].update(reference="urn:uuid:5f0c54d2-3f0a-4c52-9d6e-0a0d9f4b1c11"),
            lambda bundle: bundle["entry"][1]["resource"].update(performer=[{"reference": "Practitioner?identifier=nobody|1"}]),
            lambda bundle: bundle["entry"][1].update(request={"method": "GET", "url": "Observation"}),
            lambda bundle: bundle["entry"][1].update(request={"method": "PUT", "url": "Observation/jeanne"}),
            lambda bundle: bundle["entry"].append({"request": {"method": "DELETE", "url": f"Observation/{uuid.uuid4()}"}}),
        ],
    )
    def test_stores_nothing_when_one_entry_is_wrong(self, desk: Desk, break_it):
        before = ledger_view.whole_report(desk.auditor).counts["resources"]
        bundle = a_transaction(a_patient(), an_observation("x"))
        bundle["entry"][1]["resource"]["subject"]["reference"] = bundle["entry"][0]["fullUrl"]
        break_it(bundle)
        answer = desk.ask("POST", "", "integration.nord", json=bundle)
        assert 400 <= answer.status_code < 500
        assert answer.json()["resourceType"] == "OperationOutcome"
        assert ledger_view.whole_report(desk.auditor).counts["resources"] == before

    def test_creates_once_what_a_condition_already_finds(self, desk: Desk):
        organization = {"resourceType": "Organization", "identifier": [{"system": "urn:test", "value": str(uuid.uuid4())}], "name": "Test"}
        bundle = a_transaction(organization)
        bundle["entry"][0]["request"]["ifNoneExist"] = f"identifier=urn:test|{organization['identifier'][0]['value']}"
        first, second = (desk.ask("POST", "", "integration.nord", json=bundle).json()["entry"][0]["response"] for _ in range(2))
        assert (first["status"][:3], second["status"][:3]) == ("201", "200")
        assert first["location"].startswith(second["location"])
