"""People before real pages: each signs in by the login page, and every page they come to is looked at."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, async_playwright

from cli.running import Running
from tests.browser.chromium import FLAGS, ensure_axe, ensure_chromium

PHONE = {"width": 390, "height": 844}
_EXPECTED = ("401", "403")
"""Chromium writes to the console about pages that are refusals, too."""


@dataclass
class Visitor:
    """One signed-in person; `seen` holds the paths of the pages that were looked at, `wrong` what was found on them."""

    page: Page
    portal: str
    axe: str = field(repr=False)
    seen: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    async def go(self, path: str) -> None:
        await self.page.goto(f"{self.portal}{path}")
        await self.look()

    async def press(self, name: str) -> None:
        """The button or link of that name, and then the page it leads to."""
        await self.follow(self.page.get_by_role("button", name=name).or_(self.page.get_by_role("link", name=name)).first)

    async def follow(self, what: Locator) -> None:
        async with self.page.expect_navigation():
            await what.click()
        await self.look()

    async def text(self) -> str:
        return await self.page.locator("main").inner_text()

    async def look(self) -> None:
        """By axe (WCAG 2.1 A and AA), and whether it is wider than its window."""
        path = urlsplit(self.page.url).path
        self.seen.append(path)
        found = await self.page.evaluate(f"{self.axe}; axe.run({{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}})")
        self.wrong += [f"{path}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]
        if await self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            self.wrong.append(f"{path} is wider than its window")

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(status in message.text for status in _EXPECTED):
            self.wrong.append(f"the console: {message.text}")


@asynccontextmanager
async def open_chromium() -> AsyncIterator[Browser]:
    chromium = ensure_chromium(print)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium.executable, args=FLAGS, env=dict(chromium.environment) or None)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def signed_in(
    browser: Browser, running: Running, login: str, *, path: str = "/", locale: str = "en-GB", **more: Any
) -> AsyncIterator[Visitor]:
    """Arrives at `path`, having asked for it before signing in."""
    context = await browser.new_context(locale=locale, **more)
    try:
        page = await context.new_page()
        visitor = Visitor(page, str(running.addresses["portal"]), ensure_axe())
        page.on("console", visitor.hear)
        page.on("pageerror", lambda error: visitor.wrong.append(f"a script: {error}"))
        await page.goto(f"{visitor.portal}{path}")
        await page.locator("main button.main").click()
        await page.locator("input[name=login]").fill(login)
        await page.locator("input[type=password]").fill(running.password(login))
        await page.locator("button[type=submit]").click()
        await page.wait_for_url(f"{visitor.portal}/**")
        await visitor.look()
        yield visitor
    finally:
        await context.close()
