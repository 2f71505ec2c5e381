"""What the story plays with: the people, the sites' APIs, the auditor's view, and the charts of this telling."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from cli.running import Running
from cli.story.checking import check
from deploy.local.loading import Loader, patient_of
from deploy.local.sample.seed import Seed, load_seed
from services.audit.commands import AuditorCredentials
from shared.clock import utc_now

_TOLD = "story.json"
PATIENCE = 20.0


@dataclass
class Scene:
    """What is empty here is filled while the story is told; `patience` is how many seconds a note may take to the signed ledger."""

    running: Running
    http: httpx.Client
    seed: Seed
    auditor: AuditorCredentials
    patience: float = PATIENCE
    patients: dict[str, str] = field(default_factory=dict)
    observation: str = ""
    grant: str = ""
    dump: list[dict[str, Any]] = field(default_factory=list)

    @property
    def consent(self) -> str:
        return str(self.running.addresses["consent"])

    def ask(self, method: str, url: str, login: str, *, purpose: str | None = None, language: str = "en", **more: Any) -> httpx.Response:
        """A request in somebody's name."""
        headers = {"authorization": f"Bearer {self.running.token(login, purpose)}", "accept-language": language} | more.pop("headers", {})
        return self.http.request(method, url, headers=headers, **more)

    def read(self, address: str, login: str, *, site: str = "nord", replica: int = 0, **more: Any) -> httpx.Response:
        return self.ask("GET", f"{self.running.fhir(site, replica)}/{address}", login, **more)

    def load_next_chart(self, site: str) -> tuple[str, int, str]:
        """A chart that no telling has used: its patient, its number of resources, the id of its note."""
        files = self.seed.site(site).story_charts
        file = files[_next(self.running, site) % len(files)]
        loader = Loader(self.running.fhir(site), lambda: self.running.token(f"integration.{site}"), utc_now().date())
        response, note = loader.load_noted(file)
        statuses = {entry["response"]["status"] for entry in response["entry"]}
        check(statuses == {"201"}, f"not every resource of the chart was created: {sorted(statuses)}")
        return patient_of(response), len(response["entry"]), note


def open_scene(running: Running, *, patience: float = PATIENCE) -> Scene:
    """Raises LauncherError when nothing is installed."""
    auditor = AuditorCredentials.model_validate(running.credentials("auditor"))
    return Scene(running, httpx.Client(timeout=60, trust_env=False), load_seed(), auditor, patience)


def _next(running: Running, site: str) -> int:
    """How many charts of the site's list earlier tellings took; a list that is used up begins again, as new patients."""
    kept = running.home / _TOLD
    told = json.loads(kept.read_text()) if kept.exists() else {}
    taken = int(told.get(site, 0))
    kept.write_text(json.dumps(told | {site: taken + 1}))
    return taken
