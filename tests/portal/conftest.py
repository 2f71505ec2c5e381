"""The portal in this process before played neighbours, and the session's own portal before the real ones."""

from collections.abc import AsyncIterator

import pytest

from deploy.local.stack import Stack
from tests.portal.portal_desk import PortalDesk, open_portal
from tests.portal.real_portal import RealPortal


@pytest.fixture
async def portal() -> AsyncIterator[PortalDesk]:
    async with open_portal() as desk:
        yield desk


@pytest.fixture(scope="session")
def real(stack: Stack) -> RealPortal:
    return RealPortal(stack.ports.url("portal"), stack.ports.url("login"), stack.ports.url("governance"), stack.home, stack.servers)
