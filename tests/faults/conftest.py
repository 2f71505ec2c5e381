"""A stack of their own for the tests that break it: real processes are killed, paused, cut off and started again."""

import os
from collections.abc import Iterator

import httpx
import pytest

from deploy.local.home import claim_home
from deploy.local.ports import find_free_ports
from deploy.local.stack import Shape, start_stack
from tests.builders import Desk
from tests.conftest import DRIVERS
from tests.faults.ground import Ground

LONG = os.environ.get("SERMENT_CAMPAIGN") == "long"
SHORT_LEASE = {} if LONG else {"consent": {"SERMENT_LEASE": "PT6S"}}
"""Whoever waits for a killed replica waits so long."""


@pytest.fixture(scope="package")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    home = claim_home(tmp_path_factory.mktemp("faults") / "home", portal="the tests of faults", say=print)
    ground = Ground(start_stack(home, find_free_ports(), shape=Shape(every_chart=False), extra=DRIVERS | SHORT_LEASE, say=print))
    yield ground
    ground.stack.stop()


@pytest.fixture
def desk(ground: Ground) -> Iterator[Desk]:
    """The site `nord` of this stack."""
    with httpx.Client(timeout=60, trust_env=False) as http:
        yield Desk(ground.running, http)
