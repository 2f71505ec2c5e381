"""Asks the running `consent` in anybody's name, about new patients."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from cli.running import Running
from cli.story import ledger_view
from cli.story.checking import until
from services.audit.commands import AuditorCredentials

OFFICER = {"login": "o.leroy", "purpose": "RECORDMGT"}


@dataclass
class ConsentDesk:
    running: Running
    http: httpx.Client

    @property
    def base(self) -> str:
        return str(self.running.addresses["consent"])

    def ask(self, method: str, path: str, login: str = "o.leroy", purpose: str | None = "RECORDMGT", **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.running.token(login, purpose)}"} | more.pop("headers", {})
        return self.http.request(method, f"{self.base}{path}", headers=headers, **more)

    def says(self, patient: str, *, kind: str = "objection", headers: dict[str, str] | None = None, **words: Any) -> httpx.Response:
        """As a privacy officer who keeps what the patient signed."""
        return self.ask("POST", "/consents", json={"patient": patient, "kind": kind, **words}, headers=headers or {})

    def takes_back(self, ident: str, **headers: str) -> httpx.Response:
        return self.ask("POST", f"/consents/{ident}/withdrawal", headers=headers)

    def notes_about(self, patient: str, *, at_least: int) -> list[dict[str, Any]]:
        auditor = AuditorCredentials.model_validate(self.running.credentials("auditor"))

        def look() -> list[dict[str, Any]] | None:
            found = [note for note in ledger_view.notes_from(auditor, 0, topic="consent.access") if note.get("patient") == patient]
            return found if len(found) >= at_least else None

        return until(look, within=15, otherwise=f"the ledger does not hold {at_least} notes about the patient")


@pytest.fixture
def consent(running: Running) -> Iterator[ConsentDesk]:
    with httpx.Client(timeout=60, trust_env=False) as http:
        yield ConsentDesk(running, http)


@pytest.fixture
def patient() -> str:
    """Nobody yet: `consent` knows no patients, only what they say."""
    return str(uuid.uuid4())
