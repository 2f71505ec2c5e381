"""A whole stack that a test may break, and what it finds afterwards in the outbox and the ledger."""

import asyncio
import io
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from rich.console import Console

from cli.running import Running
from cli.story import ledger_view
from cli.story.checking import until
from cli.story.steps import STEPS
from cli.story.telling import Step, tell_story
from deploy.local.child import Child
from deploy.local.stack import Stack
from services.audit.commands import AuditorCredentials, open_ledger

_TOKEN_LASTS = 300.0
RECORDS = ("nord-a", "nord-b", "sud")
READY_WITHIN = 120.0


@dataclass(frozen=True)
class Remembering(Running):
    """Signs in once for many questions: it is quicker, and goes on while the issuer is away."""

    tokens: dict[tuple[str, str | None], tuple[str, float]] = field(default_factory=dict)

    def token(self, login: str, purpose: str | None = None) -> str:
        token, until_ = self.tokens.get((login, purpose), ("", 0.0))
        if until_ < time.monotonic():
            token = super().token(login, purpose)
            self.tokens[login, purpose] = token, time.monotonic() + _TOKEN_LASTS
        return token


@dataclass
class Ground:
    """`stack` is another one once everything was stopped and started."""

    stack: Stack
    running: Running = field(init=False)

    def __post_init__(self) -> None:
        self.running = Remembering(self.stack.home.path)

    @property
    def auditor(self) -> AuditorCredentials:
        return AuditorCredentials.model_validate(self.running.credentials("auditor"))

    def child(self, name: str) -> Child:
        return self.stack.servers.children[name]

    def start_again(self, name: str) -> None:
        """After a kill; the services' own list names the new child, so that it leaves like the others when the stack stops."""
        child = self.stack.servers.children.start_again(name)
        if name in self.stack.services:
            self.stack.services[name] = child

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Killed meanwhile, and ready again afterwards."""
        self.child(name).kill()
        try:
            yield
        finally:
            self.start_again(name)
            self.wait_until_ready()

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        self.child(name).pause()
        try:
            yield
        finally:
            self.child(name).resume()

    def wait_until_ready(self, *names: str) -> None:
        for name in names or (*RECORDS, "consent", "governance", "notifier", "audit", "portal"):
            url = f"{self.stack.ports.url(name)}/health/ready"
            until(lambda url=url: answers(url), within=READY_WITHIN, otherwise=f"{name} is not ready again")

    def tell_story(self, *, patience: float = 20.0, steps: Sequence[Step] = STEPS) -> tuple[int, str]:
        """Its exit code and what it printed."""
        said = io.StringIO()
        code = tell_story(self.running, console=Console(file=said, width=400), patience=patience, steps=steps)
        return code, said.getvalue()

    def outbox(self, site: str = "nord") -> list[str]:
        """Ids of the notes that wait there, in the order in which they will leave."""
        database, order = self.auditor.records[site], [("at", 1), ("ordinal", 1)]
        rows = self.look(lambda mongo: mongo.database(database).get_collection("outbox").find({}).sort(order).to_list(length=None))
        return [row["_id"] for row in rows if row["topic"] == "records.access"]

    def look(self, ask: Callable[[Any], Any]) -> Any:
        """What MongoDB answers to the auditor."""

        async def looking() -> Any:
            async with open_ledger(self.auditor) as (_evidence, mongo):
                return await ask(mongo)

        return asyncio.run(looking())

    def notes(self, *, since: int = 0) -> list[dict[str, Any]]:
        """Every note of the ledger from that entry on, once no site's outbox holds any."""
        for site in self.auditor.records:
            until(
                lambda site=site: ledger_view.waiting(self.auditor, site) == 0, within=30, otherwise=f"the outbox of {site} does not empty"
            )
        return ledger_view.notes_from(self.auditor, since)

    def times_in_ledger(self, idents: list[str], *, since: int = 0) -> Counter[int]:
        """How many of these decisions stand in the ledger how often, once each stands there at least once or 20 s are over."""

        def count() -> Counter[int]:
            entries = Counter(note["id"] for note in self.notes(since=since))
            return Counter(entries[ident] for ident in idents)

        seen = [Counter({0: len(idents)})]

        def all_there() -> bool:
            seen.append(count())
            return 0 not in seen[-1]

        until(all_there, within=20, otherwise=f"in the ledger so often: {dict(seen[-1])}") if idents else None
        return seen[-1]


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False
