"""Who looked, as the real ledger tells it: to the patient, to privacy officers, to nobody else; and each telling is noted."""

import uuid
from typing import Any

import httpx
import pytest

from cli.running import Running
from cli.story import ledger_view
from cli.story.checking import until
from tests.builders import Desk


def ask(desk: Desk, patient: str, login: str, purpose: str | None = None, **more: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {desk.running.token(login, purpose)}"}
    return desk.http.get(f"{desk.running.addresses['audit']}/log/records.access/trail/{patient}", headers=headers, params=more)


def told(desk: Desk, patient: str, *, at_least: int = 1) -> list[dict[str, Any]]:
    """To an officer, once there are so many."""

    def look() -> list[dict[str, Any]] | None:
        found = ask(desk, patient, "o.leroy", "HCOMPL").json()["accesses"]
        return found if len(found) >= at_least else None

    return until(look, within=15, otherwise=f"the trail does not hold {at_least} accesses")


def noted(desk: Desk, patient: str | None, decision: str | None = None) -> list[dict[str, Any]]:
    """What `audit.access` holds about readings of a trail."""

    def look() -> list[dict[str, Any]] | None:
        notes = ledger_view.notes_from(desk.auditor, 0, topic="audit.access")
        found = [note for note in notes if note.get("patient") == patient and decision in {None, note["id"]}]
        return found or None

    return until(look, within=15, otherwise="the reading was not noted")


def own(desk: Desk, login: str) -> str:
    return str(desk.running.claims(login)["extensions"]["ihe_iua"]["person_id"])


class TestTrail:
    def test_tells_who_asked_the_newest_first(self, desk: Desk) -> None:
        patient, address = desk.a_chart()
        desk.ask("GET", address, "a.martin")
        desk.ask("GET", address, "b.bernard")

        accesses = told(desk, patient, at_least=5)

        refused, read = (
            next(one for one in accesses if one["action"] == "read" and one["outcome"] == outcome) for outcome in ("refused", "answered")
        )
        assert (refused["outcome"], refused["reason"], refused["unit"]) == ("refused", "no-care-relationship", "nord-chirurgie")
        assert (read["outcome"], read["relationship"], read["unit"]) == ("answered", "participant", "nord-medecine")
        assert read["actor"] == desk.running.claims("a.martin")["sub"]
        assert [one["action"] for one in accesses].count("create") == 3
        assert [one["index"] for one in accesses] == sorted((one["index"] for one in accesses), reverse=True)

    @pytest.mark.parametrize(("site", "doctor", "names"), [("nord", "a.martin", True), ("sud", "s.sud", False)])
    def test_tells_a_patient_roles_and_accounts_where_the_site_tells_names(
        self, running: Running, site: str, doctor: str, names: bool
    ) -> None:
        with httpx.Client(timeout=60, trust_env=False) as http:
            desk = Desk(running, http, site)
            patient = own(desk, f"patient.{site}")
            account = running.claims(doctor)["sub"]
            desk.ask("GET", f"Patient/{patient}", doctor)
            until(lambda: account in str(told(desk, patient)) or None, within=15, otherwise="the access is not in the trail")

            answer = ask(desk, patient, f"patient.{site}", "PATRQT")

        assert answer.status_code == 200
        assert {"profession", "unit", "site", "time", "note"} <= answer.json()["accesses"][0].keys()
        assert (account in {one.get("actor") for one in answer.json()["accesses"]}) is names
        assert (account in answer.text) is names

    def test_goes_on_where_a_page_ended(self, desk: Desk) -> None:
        patient, address = desk.a_chart()
        for _ in range(101):
            desk.ask("GET", address, "a.martin")
        every = told(desk, patient, at_least=100)

        first = ask(desk, patient, "o.leroy", "HCOMPL").json()
        second = ask(desk, patient, "o.leroy", "HCOMPL", before=first["following"]).json()

        assert len(every) == len(first["accesses"]) == 100
        assert len(second["accesses"]) >= 2
        assert second["following"] is None
        assert first["accesses"][-1]["index"] > second["accesses"][0]["index"]

    def test_is_found_without_saying_in_the_store_whose_it_is(self, desk: Desk) -> None:
        patient, _address = desk.a_chart()
        rows = [ledger_view.entry_row(desk.auditor, one["index"]) for one in told(desk, patient, at_least=3)]

        assert {len(row["about"]) for row in rows if row} == {32}
        assert len({bytes(row["about"]) for row in rows if row}) == 1
        assert all(patient.encode() not in bytes(value) for row in rows if row for value in row.values() if isinstance(value, bytes))
        assert patient not in str(rows)

    def test_is_noted_about_the_patient(self, desk: Desk) -> None:
        patient, _address = desk.a_chart()

        answer = ask(desk, patient, "o.leroy", "HCOMPL")

        (note,) = noted(desk, patient, answer.headers["x-decision-id"])
        assert (note["outcome"], note["status"], note["resourceType"], note["purpose"]) == ("answered", 200, "AuditEvent", "HCOMPL")

    @pytest.mark.parametrize(
        ("login", "purpose", "reason"),
        [
            ("a.martin", "TREAT", "not-your-trail"),
            ("patient.nord", "PATRQT", "not-your-trail"),
            ("u.faure", "HSYSADMIN", "not-your-trail"),
            ("o.leroy", "RECORDMGT", "not-your-trail"),
            ("o.leroy", None, "purpose-not-held"),
        ],
    )
    def test_is_refused_to_everybody_else_and_that_is_noted(self, desk: Desk, login: str, purpose: str | None, reason: str) -> None:
        patient, _address = desk.a_chart()

        answer = ask(desk, patient, login, purpose)

        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (403, reason)
        assert [(note["outcome"], note["reason"]) for note in noted(desk, patient)] == [("refused", reason)]

    def test_repeats_no_id_that_is_none_of_ours(self, desk: Desk) -> None:
        answer = ask(desk, "Jeanne-Canari-1950", "o.leroy", "HCOMPL")

        assert answer.json() == {"accesses": [], "following": None}
        (note,) = noted(desk, None, answer.headers["x-decision-id"])
        assert "Canari" not in str(note)

    def test_holds_nothing_about_a_patient_of_nobody(self, desk: Desk) -> None:
        assert ask(desk, str(uuid.uuid4()), "o.leroy", "HCOMPL").json()["accesses"] == []
