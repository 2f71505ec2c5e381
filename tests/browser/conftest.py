"""One browser for all of these tests, before the session's own stack."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.browser.people import open_chromium


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with open_chromium() as opened:
        yield opened
