"""What officers find in the real ledger, and who is told whose name: searching is noted, and the site's policy is kept by both services."""

from typing import Any

import httpx
import pytest

from cli.story import ledger_view
from cli.story.checking import until
from tests.builders import Desk


def ask(desk: Desk, login: str = "o.leroy", purpose: str | None = "HCOMPL", **terms: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {desk.running.token(login, purpose)}"}
    return desk.http.get(f"{desk.running.addresses['audit']}/log/records.access/entries", headers=headers, params=terms)


def found(desk: Desk, **terms: Any) -> httpx.Response:
    """Once there is something."""

    def look() -> httpx.Response | None:
        answer = ask(desk, **terms)
        return answer if answer.json()["entries"] else None

    return until(look, within=15, otherwise="nothing was found")


def account(desk: Desk, login: str) -> str:
    return str(desk.running.claims(login)["sub"])


def names(desk: Desk, login: str, *of: str) -> dict[str, str]:
    headers = {"authorization": f"Bearer {desk.running.token(login)}"}
    idents = [account(desk, one) for one in of]
    answer = desk.http.get(f"{desk.running.addresses['governance']}/names", headers=headers, params={"id": idents})
    assert answer.status_code == 200
    told = answer.json()["names"]
    return {login: told[ident] for login, ident in zip(of, idents, strict=True) if ident in told}


class TestSearch:
    def test_finds_an_access_by_what_it_says(self, desk: Desk) -> None:
        patient, address = desk.a_chart()
        assert desk.ask("GET", address, "a.martin").status_code == 200
        assert desk.ask("GET", address, "b.bernard").status_code == 403

        by_patient = found(desk, patient=patient, outcome="refused").json()
        by_unit = found(desk, unit="nord-chirurgie", actor=account(desk, "b.bernard"), action="read", outcome="refused").json()

        [refused] = by_patient["entries"]
        assert (refused["patient"], refused["actor"]) == (patient, account(desk, "b.bernard"))
        assert (refused["reason"], refused["unit"]) == ("no-care-relationship", "nord-chirurgie")
        assert refused in by_unit["entries"]
        assert by_unit["looked"] > by_patient["looked"]

    def test_is_noted_about_each_patient_it_tells_of(self, desk: Desk) -> None:
        charts = [desk.a_chart() for _ in range(2)]
        for _patient, address in charts:
            desk.ask("GET", address, "b.bernard")
        mine = {patient for patient, _address in charts}
        until(lambda: mine <= told(desk)[0] or None, within=15, otherwise="the accesses were not found")

        patients, decision = told(desk)

        notes = noted(desk, decision)
        assert {note["patient"] for note in notes if note["patient"]} == patients
        assert [note["id"] for note in notes if note["patient"] is None] == [decision]
        assert len(notes) == len(patients) + 1

    @pytest.mark.parametrize(
        ("login", "purpose"), [("a.martin", "TREAT"), ("u.faure", "HSYSADMIN"), ("patient.nord", "PATRQT"), ("o.leroy", "RECORDMGT")]
    )
    def test_is_refused_to_everybody_else(self, desk: Desk, login: str, purpose: str) -> None:
        answer = ask(desk, login, purpose)

        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (403, "not-your-search")


def told(desk: Desk) -> tuple[set[str], str]:
    """(patients told of, the decision) of a search for Dr B's refusals."""
    answer = ask(desk, actor=account(desk, "b.bernard"), outcome="refused")
    return {entry["patient"] for entry in answer.json()["entries"]}, answer.headers["x-decision-id"]


def noted(desk: Desk, decision: str) -> list[dict[str, Any]]:
    """The notes of the search that ends with that one: all of the same moment."""

    def look() -> list[dict[str, Any]] | None:
        notes = list(ledger_view.notes_from(desk.auditor, 0, topic="audit.access"))
        last = next((note for note in notes if note["id"] == decision), None)
        return [note for note in notes if note["time"] == last["time"]] if last else None

    return until(look, within=15, otherwise="the search was not noted")


class TestNames:
    def test_follow_the_policy_of_the_site_where_somebody_works(self, desk: Desk) -> None:
        assert names(desk, "o.leroy", "a.martin", "s.sud") == {"a.martin": "Dr Anne Martin", "s.sud": "Dr Sophie Sud"}
        assert names(desk, "patient.sud", "a.martin", "s.sud", "patient.nord") == {"a.martin": "Dr Anne Martin"}
