"""The notifier of the session's own stack, from an emergency and a bulk lookup to mails on disk and a confirmed case."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from cli.running import Running
from cli.story.cases import officers_told_of, patient_told_of
from cli.story.checking import until
from cli.story.closing_the_loop import LOOKED_UP, suspect_and_confirm
from cli.story.scene import Scene, open_scene
from shared.clock import rfc3339, utc_now
from tests.builders import Desk


@pytest.fixture
def scene(running: Running) -> Iterator[Scene]:
    opened = open_scene(running, patience=60.0)
    yield opened
    opened.http.close()


@pytest.fixture
def nord(running: Running) -> Iterator[Desk]:
    with httpx.Client(timeout=60, trust_env=False) as http:
        yield Desk(running, http)


class TestNotifier:
    def test_tells_officers_and_patient_of_an_emergency(self, scene: Scene, nord: Desk) -> None:
        patient, _ = nord.a_chart()
        opened = nord.beside("POST", f"charts/{patient}/emergency", "c.petit", json={"reason": "Essai : urgence sans équipe joignable."})
        assert opened.status_code == 201, opened.text
        grant = opened.json()["id"]

        assert officers_told_of(scene, grant) == ["o.leroy", "p.moreau"]
        patient_told_of(scene, grant, patient)

    def test_opens_a_case_that_an_officer_confirms_with_the_patients_affected(self, scene: Scene) -> None:
        """As the story does, which knows that a rule says the same of the same person once within its window; other tests look up too."""
        found = re.search(r"confirmed: (\d+) affected patients from the ledger", suspect_and_confirm(scene))

        assert found is not None
        assert int(found[1]) >= LOOKED_UP

    def test_reminds_a_member_of_staff_by_one_mail(self, running: Running, nord: Desk, home_folder: Path) -> None:
        """Of somebody whom no other test asks for anything that a duty could shut."""
        trainer = {"authorization": f"Bearer {running.token('t.roux')}"}
        duty = f"{running.addresses['governance']}/staff/{running.claims('u.faure')['sub']}/duties/privacy-basics"
        soon = rfc3339(utc_now() + timedelta(days=20))
        assert nord.http.put(duty, headers=trainer, json={"valid_until": soon}).status_code == 200

        sent = [nord.http.post(f"{duty}/reminder", headers=trainer).json()["sent"] for _ in range(2)]

        def mails() -> list[str]:
            found = [path.read_text() for path in (home_folder / "mail").glob("*.eml")]
            return [mail for mail in found if "u.faure@demo.invalid" in mail and "/modules/privacy-basics" in mail]

        assert sent == [True, False]
        until(mails, within=30, otherwise="no mail came")
        assert len(mails()) == 1

    def test_is_ready_and_measured(self, running: Running) -> None:
        base = running.addresses["notifier"]

        assert httpx.get(f"{base}/health/ready", trust_env=False).status_code == 200
        assert 'serment_notifier_messages{state="refused"}' in httpx.get(f"{base}/metrics", trust_env=False).text
