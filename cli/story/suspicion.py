"""Gives the detection rules something to find: a clerk who looks up a colleague, and then twenty more patients."""

import asyncio
import json
import time
from base64 import urlsafe_b64decode
from datetime import datetime, timedelta
from typing import Any

from cli.story.checking import check
from cli.story.scene import Scene
from services.audit.commands import open_ledger
from shared.clock import utc_now

CLERK = "d.durand"
_FURTHER = 20
_QUIET = timedelta(minutes=2)
_MADE_UP = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
_EMPLOYEE = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "EMP"}


def look_up_colleague_and_many(scene: Scene) -> None:
    """All within seconds and by turns at both replicas of nord: each answered, for a clerk may see demographics. Raises StepFailedError."""
    _outlast_quiet(scene)
    patients = [_register(scene, _EMPLOYEE), *(_register(scene) for _ in range(_FURTHER))]
    replicas = len(scene.running.replicas("nord"))
    for number, patient in enumerate(patients):
        answer = scene.read(f"Patient/{patient}", CLERK, replica=number % replicas, purpose="PATADMIN")
        check(answer.status_code == 200, f"clerk D cannot read the demographics of patient {number + 1}: {answer.status_code}")  # noqa: PLR2004


def suspicions_of(scene: Scene, since: datetime) -> list[dict[str, Any]]:
    """What was raised at that moment or later, oldest first, as it lies in the store: `_id`, `rule`, `log`, `evidence`, `raised_at`."""

    async def look() -> list[dict[str, Any]]:
        async with open_ledger(scene.auditor) as (_evidence, mongo):
            rows = mongo.database(scene.auditor.database).get_collection("suspicions")
            found: list[dict[str, Any]] = await rows.find({"raised_at": {"$gte": since}}).sort("raised_at", 1).to_list(length=None)
            return found

    return asyncio.run(look())


def _outlast_quiet(scene: Scene) -> None:
    """Who was suspected of a bulk lookup is not suspected of it again for two minutes: a story told twice waits for that."""
    rows = [row for row in suspicions_of(scene, utc_now() - 2 * _QUIET) if row["rule"] == "bulk-lookup"]
    clerk = _staff_id(scene)
    ends = [datetime.fromisoformat(row["evidence"]["last"]) + _QUIET for row in rows if row["evidence"]["actor"] == clerk]
    time.sleep(max([0.0, *((end - utc_now()).total_seconds() for end in ends)]))


def _staff_id(scene: Scene) -> str:
    payload = scene.running.token(CLERK).split(".")[1]
    return str(json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"])


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
