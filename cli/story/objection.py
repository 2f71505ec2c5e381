"""A patient objects to a unit and takes it back: each is in force everywhere when it is answered."""

import httpx

from cli.story import ledger_view
from cli.story.checking import check, until
from cli.story.scene import Scene

_OK, _CREATED, _FORBIDDEN = 200, 201, 403
PATIENT = "patient.nord"
CLINICIAN = "a.martin"


def object_and_take_back(scene: Scene) -> str:
    """The patient, Dr A's unit, every replica; the reads before, between and after."""
    claims = scene.running.claims(CLINICIAN)
    patient = str(scene.running.claims(PATIENT)["extensions"]["ihe_iua"]["person_id"])
    unit = str(claims["extensions"]["serment"]["unit"])
    _take_back_what_was_left(scene, patient)
    observation = _an_observation(scene, patient)
    _reads(scene, observation, _OK, "before the objection")

    said = scene.ask("POST", f"{scene.consent}/consents", PATIENT, json={"patient": patient, "kind": "objection", "units": [unit]})
    check(said.status_code == _CREATED, f"the patient cannot object: {said.status_code} {said.text[:200]}")
    refused = _reads(scene, observation, _FORBIDDEN, "after the objection was answered")
    check("objected" in refused, f"the reason is not told: {refused}")
    taken_back = scene.ask(
        "POST", f"{scene.consent}/consents/{said.json()['id']}/withdrawal", PATIENT, headers={"if-match": said.headers["etag"]}
    )
    check(taken_back.status_code == _OK, f"the patient cannot take it back: {taken_back.status_code} {taken_back.text[:200]}")
    _reads(scene, observation, _OK, "after it was taken back")

    _both_are_entries(scene, said.json()["id"])
    first, second = said.json()["evidence"], taken_back.json()["evidence"]
    told = f"number {first['number']} on {first['stated']} of {first['replicas']} replicas after {first['milliseconds']:.0f} ms"
    back = f"number {second['number']} after {second['milliseconds']:.0f} ms"
    return f"In force when answered: {told}; Dr A: “{refused}” Taken back: {back}; Dr A reads again. Both are entries."


def _take_back_what_was_left(scene: Scene, patient: str) -> None:
    """By a telling that was cut short."""
    listed = scene.ask("GET", f"{scene.consent}/consents", PATIENT, params={"patient": patient})
    check(listed.status_code == _OK, f"the patient cannot list what they said: {listed.status_code}")
    for one in listed.json():
        if one["state"] == "active":
            scene.ask("POST", f"{scene.consent}/consents/{one['id']}/withdrawal", PATIENT)


def _an_observation(scene: Scene, patient: str) -> str:
    """One in the chart of the patient who has an account."""
    found = scene.read("Observation", CLINICIAN, params={"patient": patient, "_count": 1})
    check(found.status_code == _OK and found.json().get("entry"), f"Dr A cannot search the patient's chart: {found.status_code}")
    return f"Observation/{found.json()['entry'][0]['resource']['id']}"


def _reads(scene: Scene, observation: str, status: int, when: str) -> str:
    """At once, on every replica of the site; what the last one said."""
    answers: list[httpx.Response] = [
        scene.read(observation, CLINICIAN, replica=replica) for replica in range(len(scene.running.replicas("nord")))
    ]
    seen = [answer.status_code for answer in answers]
    check(set(seen) == {status}, f"{when}, Dr A's reads were answered {seen} instead of {status}")
    return str(answers[-1].json()["issue"][0]["details"]["text"]) if status == _FORBIDDEN else ""


def _both_are_entries(scene: Scene, consent: str) -> None:
    def versions() -> bool:
        notes = ledger_view.notes_from(scene.auditor, 0, topic="consent.access")
        told = {
            note.get("version") for note in notes if note.get("resource") == f"Consent/{consent}" and note["action"] in {"create", "update"}
        }
        return told == {1, 2}

    until(versions, within=scene.patience, otherwise="the two changes are not both in the ledger")
