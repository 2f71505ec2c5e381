"""Real servers for the portal's tests; a fixture named `servers` in tests/conftest.py may take the place of the first one here."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from deploy.local.home import claim_home
from deploy.local.ports import find_free_ports
from deploy.local.servers import Servers, start_servers
from deploy.local.tools import ensure_tools
from tests.portal.portal_desk import PortalDesk, open_portal
from tests.portal.real_portal import RealPortal, open_real_portal

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    home = claim_home(tmp_path_factory.mktemp("portal") / "home", portal="http://127.0.0.1:8400", say=print)
    started = start_servers(home, find_free_ports(), tools=ensure_tools(ROOT, print), say=print)
    yield started
    started.stop()
    home.release()


@pytest.fixture
async def portal() -> AsyncIterator[PortalDesk]:
    async with open_portal() as desk:
        yield desk


@pytest.fixture(scope="session")
async def real(servers: Servers) -> AsyncIterator[RealPortal]:
    async with open_real_portal(servers) as opened:
        yield opened
