"""Says only what matters to a test: made-up patients, and questions asked in somebody's name."""

import time
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import orjson

from cli.running import Running
from cli.story import ledger_view
from cli.story.checking import until
from services.audit.commands import AuditorCredentials
from shared.clock import rfc3339, utc_now

HTEST = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}


def a_patient(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "meta": {"security": [HTEST]}, "name": [{"family": "Essai", "given": ["Test"]}], **more}


def an_observation(patient: str, **more: Any) -> dict[str, Any]:
    code = {"coding": [{"system": "http://loinc.org", "code": "8310-5"}]}
    subject = {"reference": f"Patient/{patient}"}
    return {"resourceType": "Observation", "meta": {"security": [HTEST]}, "status": "final", "code": code, "subject": subject, **more}


def an_encounter(patient: str, practitioner: str, *, ended_days_ago: float | None = None, **more: Any) -> dict[str, Any]:
    """In progress, unless it ended."""
    now = utc_now()
    ended = None if ended_days_ago is None else now - timedelta(days=ended_days_ago)
    period = {"start": rfc3339((ended or now) - timedelta(hours=2))} | ({"end": rfc3339(ended)} if ended else {})
    return {
        "resourceType": "Encounter",
        "meta": {"security": [HTEST]},
        "status": "finished" if ended else "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": f"Patient/{patient}"},
        "participant": [{"individual": {"reference": practitioner}}],
        "period": period,
        **more,
    }


def a_transaction(*resources: dict[str, Any]) -> dict[str, Any]:
    entries = [
        {"fullUrl": f"urn:uuid:{uuid.uuid4()}", "resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
        for resource in resources
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


@dataclass
class Desk:
    """One site's API with everybody's tokens."""

    running: Running
    http: httpx.Client
    site: str = "nord"

    def base(self, replica: int = 0) -> str:
        return self.running.fhir(self.site, replica)

    def ask(self, method: str, path: str, login: str, *, purpose: str | None = None, replica: int = 0, **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.running.token(login, purpose)}"} | more.pop("headers", {})
        if isinstance(more.get("json"), dict):
            more["content"] = orjson.dumps(more.pop("json"))
            headers = {"content-type": "application/fhir+json"} | headers
        return self.http.request(method, f"{self.base(replica)}/{path}".rstrip("/"), headers=headers, **more)

    def beside(self, method: str, path: str, login: str, *, purpose: str | None = None, replica: int = 0, **more: Any) -> httpx.Response:
        """A route beside `/fhir`."""
        headers = {"authorization": f"Bearer {self.running.token(login, purpose)}"}
        return self.http.request(method, f"{self.base(replica).removesuffix('/fhir')}/{path}", headers=headers, **more)

    def create(self, resource: dict[str, Any], login: str | None = None) -> dict[str, Any]:
        """As the site's interface does, unless somebody else is named."""
        answer = self.ask("POST", resource["resourceType"], login or f"integration.{self.site}", json=resource)
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def practitioner(self, login: str) -> str:
        """`Practitioner/<id>` of a clinician, as their token says."""
        return str(self.running.claims(login)["fhirUser"])

    def a_chart(self, treated_by: str = "a.martin") -> tuple[str, str]:
        """A new patient with an Observation, in the care of that clinician: (patient id, address of the Observation)."""
        patient = self.create(a_patient())["id"]
        self.create(an_encounter(patient, self.practitioner(treated_by)))
        return patient, f"Observation/{self.create(an_observation(patient))['id']}"

    @property
    def auditor(self) -> AuditorCredentials:
        return AuditorCredentials.model_validate(self.running.credentials("auditor"))

    def ledger_size(self) -> int:
        """Once every note of before has arrived."""
        until(lambda: ledger_view.waiting(self.auditor, self.site) == 0, within=15, otherwise="the outbox does not empty")
        size = ledger_view.size(self.auditor)
        while True:
            time.sleep(0.3)
            again = ledger_view.size(self.auditor)
            if again == size:
                return size
            size = again

    def notes_about(self, patient: str, *, since: int = 0, at_least: int = 1) -> list[dict[str, Any]]:
        """The ledger's notes about a patient, once there are so many; fails after 15 s."""

        def look() -> list[dict[str, Any]] | None:
            found = [note for note in ledger_view.notes_from(self.auditor, since) if note.get("patient") == patient]
            return found if len(found) >= at_least else None

        return until(look, within=15, otherwise=f"the ledger does not hold {at_least} notes about the patient")
