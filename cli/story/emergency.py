"""The step in which Dr C breaks the glass of one chart: refused, opened with a reason, read on both replicas, told in the ledger."""

from typing import Any

from cli.story import ledger_view
from cli.story.checking import check, until
from cli.story.scene import Scene
from deploy.local.sample.charts import HTEST

_DOCTOR = "c.petit"
_REASON = "Essai : patient inconscient aux urgences, personne de l’équipe n’est joignable."
_CODE = {"coding": [{"system": "http://loinc.org", "code": "8310-5"}]}


def break_glass(scene: Scene) -> str:
    """One chart for some hours, on every replica at once; no other chart; nothing without a note that names the emergency."""
    patient = scene.patients["nord"]
    address = _an_observation_of(scene, patient)
    refused = scene.read(address, _DOCTOR)
    check(refused.status_code == 403, f"Dr C got {refused.status_code} before the emergency instead of 403")  # noqa: PLR2004
    opened = open_emergency(scene, patient)
    before = ledger_view.size(scene.auditor)
    replicas = range(len(scene.running.replicas("nord")))
    statuses = [scene.read(address, _DOCTOR, replica=replica).status_code for replica in replicas]
    check(set(statuses) == {200}, f"not every replica knows the emergency at once: {statuses}")
    _told(scene, before, address, opened["id"], len(statuses))
    other = scene.read(_another_chart(scene), _DOCTOR)
    check(other.status_code == 403, f"the emergency opened another chart too: {other.status_code}")  # noqa: PLR2004
    return (
        f"Dr C was refused, broke the glass until {opened['ends_at']}, read on both replicas; the notes say so. Another chart stays shut."
    )


def open_emergency(scene: Scene, patient: str) -> dict[str, Any]:
    """Opened once: asking again answers the same grant, and its id is kept for the steps that follow."""
    url = f"{scene.running.fhir('nord').removesuffix('/fhir')}/charts/{patient}/emergency"
    opened = scene.ask("POST", url, _DOCTOR, json={"reason": _REASON})
    check(opened.status_code == 201, f"Dr C could not break the glass: {opened.status_code} {opened.text[:200]}")  # noqa: PLR2004
    again = scene.ask("POST", url, _DOCTOR, json={"reason": _REASON})
    check(again.status_code == 200 and again.json() == opened.json(), "asking again opened a second emergency")  # noqa: PLR2004
    answer: dict[str, Any] = opened.json()
    scene.grant = answer["id"]
    return answer


def _an_observation_of(scene: Scene, patient: str) -> str:
    rows = ledger_view.stored(scene.auditor, "nord", patient)
    found = [str(row["_id"]) for row in rows if row["_id"].startswith("Observation/") and not row["deleted"]]
    check(found, "the chart has no Observation")
    return found[0]


def _another_chart(scene: Scene) -> str:
    """A patient of whom Dr C knows nothing, made for this step: the address of their Observation."""
    label = {"meta": {"security": [HTEST]}}
    patient = _created(scene, {"resourceType": "Patient", **label, "name": [{"family": "Essai", "given": ["Urgence"]}]})
    subject = {"reference": f"Patient/{patient}"}
    observation = {"resourceType": "Observation", **label, "status": "final", "code": _CODE, "subject": subject}
    return f"Observation/{_created(scene, observation)}"


def _created(scene: Scene, resource: dict[str, Any]) -> str:
    answer = scene.ask("POST", f"{scene.running.fhir('nord')}/{resource['resourceType']}", "integration.nord", json=resource)
    check(answer.status_code == 201, f"a made-up {resource['resourceType']} was refused: {answer.status_code} {answer.text[:200]}")  # noqa: PLR2004
    return str(answer.json()["id"])


def _told(scene: Scene, first: int, address: str, grant: str, expected: int) -> None:
    def count() -> int:
        notes = ledger_view.notes_from(scene.auditor, first)
        return len([note for note in notes if note.get("resource") == address and note.get("emergency") == grant])

    until(lambda: count() >= expected, within=scene.patience, otherwise="the ledger does not name the emergency of the reads")
    check(count() == expected, f"the ledger holds {count()} notes of {expected} reads")
