"""Erasing on the real site."""

import uuid

import pytest

from cli.story import ledger_view
from cli.story.checking import until
from tests.builders import Desk, an_observation

GROUNDS = {"grounds": "person-asked"}


def erase(desk: Desk, patient: str) -> None:
    proposed = desk.beside("POST", f"charts/{patient}/erasures", "o.leroy", purpose="RECORDMGT", json=GROUNDS)
    assert proposed.status_code == 201, proposed.text
    confirmed = desk.beside("POST", f"erasures/{proposed.json()['id']}/confirmation", "p.moreau", purpose="RECORDMGT", replica=1)
    assert confirmed.json()["state"] == "destroyed"


class TestEraseChart:
    def test_leaves_a_tombstone_that_no_new_key_replaces(self, desk: Desk):
        patient, address = desk.a_chart()
        erase(desk, patient)
        row = ledger_view.key_row(desk.auditor, "nord", patient)
        assert row is not None
        assert set(row) == {"_id", "tombstone"}
        for replica in (0, 1):
            until(
                lambda replica=replica: desk.ask("GET", address, "a.martin", replica=replica).status_code == 410,
                within=60,
                otherwise="still readable",
            )
            assert desk.ask("POST", "Observation", "integration.nord", json=an_observation(patient), replica=replica).status_code == 410
        assert ledger_view.key_row(desk.auditor, "nord", patient) == row

    def test_is_noted_step_by_step_and_the_ledger_verifies(self, desk: Desk):
        patient, _address = desk.a_chart()
        before = desk.ledger_size()
        erase(desk, patient)
        notes = [note for note in desk.notes_about(patient, since=before, at_least=2) if note["action"] == "erase"]
        assert [note["step"] for note in notes] == ["proposed", "destroyed"]
        assert notes[0]["actor"]["id"] != notes[1]["actor"]["id"]
        assert ledger_view.whole_report(desk.auditor).ok

    def test_takes_two_people(self, desk: Desk):
        patient, address = desk.a_chart()
        ident = desk.beside("POST", f"charts/{patient}/erasures", "o.leroy", purpose="RECORDMGT", json=GROUNDS).json()["id"]
        answer = desk.beside("POST", f"erasures/{ident}/confirmation", "o.leroy", purpose="RECORDMGT")
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:serment:problem:same-person")
        assert desk.ask("GET", address, "a.martin").status_code == 200

    @pytest.mark.parametrize("login", ["a.martin", "d.durand", "u.faure", "integration.nord", "patient.nord", "t.roux"])
    def test_is_refused_to_everybody_else(self, desk: Desk, login: str):
        patient, _address = desk.a_chart()
        before = desk.ledger_size()
        assert desk.beside("POST", f"charts/{patient}/erasures", login, json=GROUNDS).status_code == 403
        assert [note["outcome"] for note in desk.notes_about(patient, since=before)] == ["refused"]

    def test_is_idempotent_once_destroyed(self, desk: Desk):
        patient, _address = desk.a_chart()
        ident = desk.beside("POST", f"charts/{patient}/erasures", "o.leroy", purpose="RECORDMGT", json=GROUNDS).json()["id"]
        answers = [desk.beside("POST", f"erasures/{ident}/confirmation", "p.moreau", purpose="RECORDMGT").json() for _ in range(2)]
        assert answers[0]["destroyed_at"] == answers[1]["destroyed_at"]

    def test_shows_both_officers_what_waits_and_notes_it_for_each_patient(self, desk: Desk):
        patient, _address = desk.a_chart()
        proposed = desk.beside("POST", f"charts/{patient}/erasures", "o.leroy", purpose="RECORDMGT", json=GROUNDS).json()["id"]
        before = desk.ledger_size()
        told = [desk.beside("GET", "erasures", who, purpose="RECORDMGT").json()["erasures"] for who in ("o.leroy", "p.moreau")]
        assert [next(one["own"] for one in found if one["id"] == proposed) for found in told] == [True, False]
        assert [(note["action"], note["step"]) for note in desk.notes_about(patient, since=before, at_least=2)] == [("erase", "listed")] * 2
        desk.beside("POST", f"erasures/{proposed}/confirmation", "p.moreau", purpose="RECORDMGT")
        assert proposed not in desk.beside("GET", "erasures", "p.moreau", purpose="RECORDMGT").text

    @pytest.mark.parametrize("login", ["a.martin", "d.durand", "u.faure", "integration.nord", "patient.nord", "t.roux"])
    def test_waiting_is_shown_to_nobody_else(self, desk: Desk, login: str):
        assert desk.beside("GET", "erasures", login).status_code == 403

    def test_ends_every_proposal_for_that_chart(self, desk: Desk):
        patient, _address = desk.a_chart()
        url = f"charts/{patient}/erasures"
        first, second = (desk.beside("POST", url, "o.leroy", purpose="RECORDMGT", json=GROUNDS).json()["id"] for _ in range(2))
        desk.beside("POST", f"erasures/{first}/confirmation", "p.moreau", purpose="RECORDMGT")
        assert second not in desk.beside("GET", "erasures", "p.moreau", purpose="RECORDMGT").text

    def test_names_wrong_grounds_and_notes_the_request(self, desk: Desk):
        patient, _address = desk.a_chart()
        before = desk.ledger_size()
        answer = desk.beside("POST", f"charts/{patient}/erasures", "o.leroy", purpose="RECORDMGT", json={"grounds": "Jeanne Canari asked"})
        assert answer.status_code == 422
        assert "Canari" not in answer.text
        assert [note["outcome"] for note in desk.notes_about(patient, since=before)] == ["invalid"]

    def test_knows_no_erasure_that_was_not_proposed(self, desk: Desk):
        assert desk.beside("POST", f"erasures/{uuid.uuid4()}/confirmation", "p.moreau", purpose="RECORDMGT").status_code == 404
        assert desk.beside("POST", f"charts/{uuid.uuid4()}/erasures", "o.leroy", purpose="RECORDMGT", json=GROUNDS).status_code == 404
