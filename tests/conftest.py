"""One real stack for the whole run; tests are kept apart by new patients, never by wiping."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from cli.running import Running
from deploy.local.home import claim_home
from deploy.local.ports import find_free_ports
from deploy.local.servers import Servers
from deploy.local.stack import Shape, Stack, start_stack
from tests.builders import Desk
from tests.collector import Collector

DRIVERS = {"nord-b": {"SERMENT_MONGO_DRIVER": "pymongo"}}
"""One replica runs on Motor, the other on PyMongo Async; `make test DRIVER=pymongo` puts every process on the latter."""

PROMPT = {"audit": {"SERMENT_GATHERING_PAUSE": "PT0.01S"}}
"""A test waits for one note, not for a thousand: a pause of 10 ms, where a service has 100."""

TOKENS_USED = 300.0


@pytest.fixture(scope="session")
def otlp() -> Iterator[Collector]:
    """Where every process of the stack sends its spans and logs."""
    opened = Collector()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, otlp: Collector) -> Iterator[Stack]:
    home = claim_home(tmp_path_factory.mktemp("serment") / "home", portal="the tests", say=print)
    driver = os.environ.get("DRIVER")
    extra = DRIVERS | PROMPT | {"*": otlp.settings | ({"SERMENT_MONGO_DRIVER": driver} if driver else {})}
    running = start_stack(home, find_free_ports(), shape=Shape(every_chart=False), extra=extra, say=print)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def servers(stack: Stack) -> Servers:
    return stack.servers


@dataclass(frozen=True)
class RememberedTokens(Running):
    """Tokens last a quarter of an hour, and each sign-in costs a tenth of a second; these are used for five minutes."""

    tokens: dict[tuple[str, str | None], tuple[float, str]] = field(default_factory=dict)

    def token(self, login: str, purpose: str | None = None) -> str:
        made, token = self.tokens.get((login, purpose), (0.0, ""))
        if not token or time.monotonic() - made > TOKENS_USED:
            token = super().token(login, purpose)
            self.tokens[login, purpose] = (time.monotonic(), token)
        return token


@pytest.fixture(scope="session")
def running(stack: Stack) -> Running:
    return RememberedTokens(stack.home.path)


@pytest.fixture
def desk(running: Running) -> Iterator[Desk]:
    """The site `nord`, asked as anybody asks it."""
    with httpx.Client(timeout=60, trust_env=False) as http:
        yield Desk(running, http)


@pytest.fixture
def home_folder(stack: Stack) -> Path:
    return stack.home.path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with stacks of their own come first, for the session's stack would take its share of two cores meanwhile."""
    items.sort(key=lambda item: "faults" not in item.path.parts)
