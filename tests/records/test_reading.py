"""Reads on the real site: decided, noted once, answered; hidden, gone and unknown look as they must."""

import uuid

import pytest

from cli.story import ledger_view
from cli.story.checking import until
from tests.builders import Desk, a_patient, an_encounter, an_observation

VERY_RESTRICTED = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "V"}]}


class TestReadRecord:
    def test_answers_the_stored_bytes_with_their_version(self, desk: Desk):
        _patient, address = desk.a_chart()
        answer = desk.ask("GET", address, "a.martin")
        assert answer.status_code == 200
        assert answer.headers["etag"] == 'W/"1"'
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json()["meta"]["versionId"] == "1"
        assert f"{answer.json()['resourceType']}/{answer.json()['id']}" == address

    def test_leaves_exactly_one_note(self, desk: Desk):
        patient, address = desk.a_chart()
        before = desk.ledger_size()
        answer = desk.ask("GET", address, "a.martin")
        notes = [note for note in desk.notes_about(patient, since=before) if note["action"] == "read"]
        assert [note["id"] for note in notes] == [answer.headers["x-decision-id"]]
        assert (
            notes[0] | {"outcome": "answered", "status": 200, "relationship": "participant", "purpose": "TREAT", "site": "nord"} == notes[0]
        )
        assert notes[0]["resource"] == address

    def test_refuses_a_stranger_and_notes_it(self, desk: Desk):
        patient, address = desk.a_chart()
        before = desk.ledger_size()
        answer = desk.ask("GET", address, "b.bernard", headers={"accept-language": "fr-FR,fr;q=0.9,en;q=0.5"})
        assert answer.status_code == 403
        assert "équipe de soins" in answer.json()["issue"][0]["details"]["text"]
        notes = desk.notes_about(patient, since=before)
        assert [(note["outcome"], note["reason"]) for note in notes] == [("refused", "no-care-relationship")]

    def test_lets_an_ended_care_relationship_lapse(self, desk: Desk):
        patient = desk.create(a_patient())["id"]
        desk.create(an_encounter(patient, desk.practitioner("a.martin"), ended_days_ago=31))
        desk.create(an_encounter(patient, desk.practitioner("b.bernard"), ended_days_ago=29))
        address = f"Observation/{desk.create(an_observation(patient))['id']}"
        assert desk.ask("GET", address, "a.martin").status_code == 403
        assert desk.ask("GET", address, "b.bernard").status_code == 200

    @pytest.mark.parametrize("replica", [0, 1])
    def test_sees_a_new_encounter_on_every_replica_within_a_second(self, desk: Desk, replica: int):
        patient, address = desk.a_chart("a.martin")
        assert desk.ask("GET", address, "b.bernard", replica=replica).status_code == 403
        desk.create(an_encounter(patient, desk.practitioner("b.bernard")))
        until(
            lambda: desk.ask("GET", address, "b.bernard", replica=replica).status_code == 200,
            within=3,
            otherwise="the event did not renew the header",
        )

    def test_hides_a_very_restricted_record_from_the_unit_as_if_it_were_unknown(self, desk: Desk):
        patient = desk.create(a_patient())["id"]
        desk.create(an_encounter(patient, desk.practitioner("b.bernard")))
        secret = desk.create(an_observation(patient, meta=VERY_RESTRICTED))["id"]
        before = desk.ledger_size()
        assert desk.ask("GET", f"Observation/{secret}", "b.bernard").status_code == 200
        desk.create(_by_unit_only(desk, patient))
        hidden = desk.ask("GET", f"Observation/{secret}", "a.martin")
        unknown = desk.ask("GET", f"Observation/{uuid.uuid4()}", "a.martin")
        assert (hidden.status_code, unknown.status_code) == (404, 404)
        assert hidden.content == unknown.content
        outcomes = [note["outcome"] for note in desk.notes_about(patient, since=before, at_least=3) if note["action"] == "read"]
        assert outcomes == ["answered", "hidden"]

    def test_notes_an_unknown_id_without_a_patient(self, desk: Desk):
        answer = desk.ask("GET", f"Observation/{uuid.uuid4()}", "a.martin")
        assert answer.status_code == 404

    def test_never_repeats_an_id_it_cannot_have_given(self, desk: Desk):
        before = desk.ledger_size()
        assert desk.ask("GET", "Patient/Jeanne-Canari-1950", "a.martin").status_code == 404
        until(lambda: desk.ledger_size() > before, within=10, otherwise="no note")
        assert "Canari" not in str(ledger_view.notes_from(desk.auditor, before))

    def test_answers_304_for_a_version_that_is_known_and_notes_it(self, desk: Desk):
        patient, address = desk.a_chart()
        before = desk.ledger_size()
        for tag in ('W/"1"', '"1"', "1"):
            answer = desk.ask("GET", address, "a.martin", headers={"if-none-match": tag})
            assert (answer.status_code, answer.content) == (304, b"")
        assert desk.ask("GET", address, "a.martin", headers={"if-none-match": 'W/"2"'}).status_code == 200
        assert len(desk.notes_about(patient, since=before, at_least=4)) == 4

    def test_tells_a_deleted_record_as_gone(self, desk: Desk):
        _patient, address = desk.a_chart()
        assert desk.ask("DELETE", address, "a.martin").status_code == 204
        assert desk.ask("GET", address, "a.martin").status_code == 410
        assert desk.ask("GET", address, "b.bernard").status_code == 403


def _by_unit_only(desk: Desk, patient: str) -> dict:
    """An encounter of somebody else in an organisation of Dr A's unit."""
    roles = desk.ask("GET", "PractitionerRole", "u.faure", params={"_id": "x"}).status_code
    assert roles == 200
    unit = _a_unit_of(desk, "a.martin")
    return an_encounter(patient, desk.practitioner("c.petit"), serviceProvider={"reference": unit})


def _a_unit_of(desk: Desk, login: str) -> str:
    """An Organization with which the site's PractitionerRoles affiliate the clinician."""
    import asyncio

    from services.audit.commands import open_ledger

    async def look() -> str:
        async with open_ledger(desk.auditor) as (_evidence, mongo):
            row = await mongo.database("records_nord").get_collection("affiliations").find_one({"practitioner": desk.practitioner(login)})
            return str(row["unit"])

    return asyncio.run(look())


class TestSearch:
    def test_pages_through_one_chart_inside_the_permitted_set(self, desk: Desk):
        patient, _address = desk.a_chart()
        for _ in range(4):
            desk.create(an_observation(patient))
        seen, url = [], f"Observation?patient={patient}&_count=2"
        for _ in range(3):
            page = desk.ask("GET", url, "a.martin").json()
            assert page["total"] == 5
            seen += [entry["resource"]["id"] for entry in page["entry"]]
            following = [link["url"] for link in page["link"] if link["relation"] == "next"]
            url = following[0].split("/fhir/")[1] if following else ""
        assert len(set(seen)) == 5
        assert url == ""

    def test_counts_nothing_that_is_hidden(self, desk: Desk):
        patient = desk.create(a_patient())["id"]
        desk.create(_by_unit_only(desk, patient))
        desk.create(an_observation(patient, meta=VERY_RESTRICTED))
        desk.create(an_observation(patient))
        assert desk.ask("GET", f"Observation?patient={patient}", "a.martin").json()["total"] == 1
        assert desk.ask("GET", f"Observation?patient={patient}", "c.petit").json()["total"] == 2

    def test_notes_an_empty_search(self, desk: Desk):
        patient, _address = desk.a_chart()
        before = desk.ledger_size()
        assert desk.ask("GET", f"Procedure?patient={patient}", "a.martin").json()["total"] == 0
        assert [note["count"] for note in desk.notes_about(patient, since=before)] == [0]

    def test_leaves_one_note_per_patient_and_one_for_the_request(self, desk: Desk):
        (mine, first), (theirs, second) = desk.a_chart("a.martin"), desk.a_chart("b.bernard")
        before = desk.ledger_size()
        idents = ",".join(address.split("/")[1] for address in (first, second))
        found = desk.ask("GET", f"Observation?_id={idents}", "a.martin").json()
        assert found["total"] == 1
        assert [note["outcome"] for note in desk.notes_about(mine, since=before)] == ["answered"]
        assert [note["outcome"] for note in desk.notes_about(theirs, since=before)] == ["refused"]
        desk.ledger_size()
        notes = ledger_view.notes_from(desk.auditor, before)
        assert [note["patient"] for note in notes if note["action"] == "search"] == [mine, theirs, None]
        assert all(theirs not in str(note) for note in notes if note.get("patient") == mine)

    def test_gives_the_whole_chart_to_those_who_may_have_all_of_it(self, desk: Desk):
        patient, _address = desk.a_chart()
        whole = desk.ask("GET", f"Patient/{patient}/$everything", "a.martin").json()
        assert {entry["resource"]["resourceType"] for entry in whole["entry"]} == {"Patient", "Encounter", "Observation"}
        assert desk.ask("GET", f"Patient/{patient}/$everything", "d.durand").status_code == 403
        assert desk.ask("GET", f"Patient/{uuid.uuid4()}/$everything", "a.martin").status_code == 404

    def test_gives_a_chart_page_by_page_and_opens_no_more_than_it_shows(self, desk: Desk):
        patient, _address = desk.a_chart()
        for _ in range(4):
            desk.create(an_observation(patient))
        desk.create(an_observation(patient, meta=VERY_RESTRICTED))
        whole = [one["resource"]["id"] for one in desk.ask("GET", f"Patient/{patient}/$everything", "a.martin").json()["entry"]]
        before, seen, path = desk.ledger_size(), [], f"Patient/{patient}/$everything?_count=3"
        while path:
            page = desk.ask("GET", path, "a.martin").json()
            assert "total" not in page
            assert len(page["entry"]) <= 3
            seen += [one["resource"]["id"] for one in page["entry"]]
            path = next((link["url"].partition("/fhir/")[2] for link in page["link"] if link["relation"] == "next"), "")
        assert seen == whole
        counts = [note["count"] for note in desk.notes_about(patient, since=before, at_least=3)]
        assert counts == [3] * (len(whole) // 3) + ([len(whole) % 3] if len(whole) % 3 else [])

    def test_gives_some_types_of_a_chart(self, desk: Desk):
        patient, _address = desk.a_chart()
        found = desk.ask("GET", f"Patient/{patient}/$everything?_type=Patient,Condition&_count=5", "a.martin").json()
        none = desk.ask("GET", f"Patient/{patient}/$everything?_type=Condition", "a.martin")
        assert [entry["resource"]["resourceType"] for entry in found["entry"]] == ["Patient"]
        assert (none.status_code, "entry" in none.json()) == (200, False)
        assert desk.ask("GET", f"Patient/{uuid.uuid4()}/$everything?_type=Condition", "a.martin").status_code == 404

    @pytest.mark.parametrize(
        "query",
        [
            "_count=0",
            "_count=1001",
            "_count=x",
            "_count=" + "0" * 5000 + "1",
            "_count=000000099999999999",
            "_type=Nothing",
            "start=2026-01-01",
        ],
    )
    def test_refuses_by_name_the_parts_it_does_not_offer(self, desk: Desk, query: str):
        patient, _address = desk.a_chart()
        answer = desk.ask("GET", f"Patient/{patient}/$everything?{query}", "a.martin")
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "not-supported")

    @pytest.mark.parametrize(
        "query", ["code=8310-5", "patient={patient}&code=1", "patient={patient}&patient={patient}", "patient={patient}&_count=x", ""]
    )
    def test_refuses_by_name_what_it_does_not_offer_and_notes_it(self, desk: Desk, query: str):
        patient, _address = desk.a_chart()
        before = desk.ledger_size()
        answer = desk.ask("GET", f"Observation?{query.format(patient=patient)}", "a.martin")
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "not-supported")
        if patient in query.format(patient=patient):
            assert [note["outcome"] for note in desk.notes_about(patient, since=before)] == ["invalid"]
