"""Gives the detection rules something to find: a clerk who looks up a colleague, and then twenty more patients."""

from cli.story.checking import check
from cli.story.scene import Scene

CLERK = "d.durand"
_FURTHER = 20
_MADE_UP = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
_EMPLOYEE = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "EMP"}


def look_up_colleague_and_many(scene: Scene) -> None:
    """All within seconds and by turns at both replicas of nord: each answered, for a clerk may see demographics. Raises StepFailedError."""
    patients = [_register(scene, _EMPLOYEE), *(_register(scene) for _ in range(_FURTHER))]
    replicas = len(scene.running.replicas("nord"))
    for number, patient in enumerate(patients):
        answer = scene.read(f"Patient/{patient}", CLERK, replica=number % replicas, purpose="PATADMIN")
        check(answer.status_code == 200, f"clerk D cannot read the demographics of patient {number + 1}: {answer.status_code}")  # noqa: PLR2004


def _register(scene: Scene, *labels: dict[str, str]) -> str:
    """The id of a new made-up patient of nord."""
    patient = {
        "resourceType": "Patient",
        "meta": {"security": [_MADE_UP, *labels]},
        "name": [{"family": "Essai", "given": ["Camille"]}],
        "gender": "unknown",
    }
    answer = scene.ask("POST", f"{scene.running.fhir('nord')}/Patient", "integration.nord", json=patient)
    check(answer.status_code == 201, f"a made-up patient could not be registered: {answer.status_code} {answer.text[:200]}")  # noqa: PLR2004
    return str(answer.json()["id"])
