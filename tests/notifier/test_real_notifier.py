"""The notifier of the session's own stack, from an emergency and a bulk lookup to mails on disk and a confirmed case."""

import json
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from cli.running import Running
from cli.story.cases import case_opens, confirm_case, officers_told_of, patient_told_of
from cli.story.scene import Scene, open_scene
from shared.clock import utc_now
from tests.builders import Desk, a_patient


@pytest.fixture
def scene(running: Running) -> Iterator[Scene]:
    opened = open_scene(running, patience=60.0)
    yield opened
    opened.http.close()


@pytest.fixture
def nord(running: Running) -> Iterator[Desk]:
    with httpx.Client(timeout=60, trust_env=False) as http:
        yield Desk(running, http)


def staff_id(running: Running, login: str) -> str:
    staff = json.loads((running.home / "staff.json").read_text(encoding="utf-8"))
    return next(str(one["id"]) for one in staff if one["login"] == login)


class TestNotifier:
    def test_tells_officers_and_patient_of_an_emergency(self, scene: Scene, nord: Desk) -> None:
        patient, _ = nord.a_chart()
        opened = nord.beside("POST", f"charts/{patient}/emergency", "c.petit", json={"reason": "Essai : urgence sans équipe joignable."})
        assert opened.status_code == 201, opened.text
        grant = opened.json()["id"]

        assert officers_told_of(scene, grant) == ["o.leroy", "p.moreau"]
        patient_told_of(scene, grant, patient)

    def test_opens_a_case_that_an_officer_confirms_with_the_patients_affected(self, scene: Scene, nord: Desk, running: Running) -> None:
        began = utc_now() - timedelta(seconds=1)
        patients = [nord.create(a_patient())["id"] for _ in range(21)]
        for patient in patients:
            assert nord.ask("GET", f"Patient/{patient}", "d.durand").status_code == 200

        case = case_opens(scene, staff_id(running, "d.durand"), began, rule="bulk-lookup")
        confirmed = confirm_case(scene, case)

        assert confirmed["state"] == "confirmed"
        assert set(confirmed["patients"]) <= set(patients)
        assert len(confirmed["patients"]) >= 20

    def test_is_ready_and_measured(self, running: Running) -> None:
        base = running.addresses["notifier"]

        assert httpx.get(f"{base}/health/ready", trust_env=False).status_code == 200
        assert 'serment_notifier_messages{state="refused"}' in httpx.get(f"{base}/metrics", trust_env=False).text
