"""Pages before what nobody wishes for: hostile records, and services that do not answer."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.async_api import Browser

from cli.running import Running
from deploy.local.stack import Stack
from tests.browser.people import PHONE, signed_in
from tests.browser.test_journeys import own_chart
from tests.builders import Desk, a_patient, an_encounter, an_observation

MARKUP = '<img src=x onerror="document.title=1"><script>document.title=1</script>'
RIGHT_TO_LEFT = "\u202eשלום العالم"
UNBROKEN = "W" * 300
PAGES = {
    "audit": ("patient.nord", "/trail", "/choices", "the ledger"),
    "consent": ("patient.nord", "/choices", "/trail", "the patients’ choices"),
    "notifier": ("patient.nord", "/rights", "/choices", "cases and messages"),
    "governance": ("a.martin", "/modules", "/charts/{chart}", "staff and training"),
    "records": ("a.martin", "/charts/{chart}", "/modules", "the records"),
}
"""By service: somebody, a page of theirs that stands on it, one that does not, and what the first says."""


@contextmanager
def paused(stack: Stack, service: str) -> Iterator[None]:
    """As a machine that hangs: the connection is taken, and nothing is answered."""
    names = ["nord-a", "nord-b"] if service == "records" else [service]
    pids = [stack.services[name].pid for name in names]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


class TestAHostileRecord:
    @pytest.mark.parametrize("words", [MARKUP, RIGHT_TO_LEFT, UNBROKEN], ids=["markup", "right-to-left", "unbroken"])
    async def test_breaks_no_page(self, browser: Browser, running: Running, desk: Desk, words: str) -> None:
        patient = desk.create(a_patient(name=[{"family": words, "given": [words]}], address=[{"text": words}], birthDate="1951-02-03"))[
            "id"
        ]
        desk.create(an_encounter(patient, desk.practitioner("a.martin"), type=[{"text": words}]))
        for value in (1, -1e30, 0.0000001):
            quantity = {"value": value, "unit": words}
            desk.create(an_observation(patient, code={"text": words}, valueQuantity=quantity, effectiveDateTime="2026-01-01"))
        for login in ("a.martin", "d.durand"):
            async with signed_in(browser, running, login, path=f"/charts/{patient}", viewport=PHONE) as reader:
                assert words.strip("\u202e")[:40] in (await reader.page.locator("h1").inner_text())
                assert await reader.page.title() != "1"
                assert reader.wrong == []

    async def test_without_anything_is_a_page_all_the_same(self, browser: Browser, running: Running, desk: Desk) -> None:
        patient = desk.create(a_patient(name=[]) | {"name": [{"text": "Essai"}]})["id"]
        desk.create(an_encounter(patient, desk.practitioner("a.martin")))
        desk.create(an_observation(patient, code={"coding": [{"code": "x", "system": "urn:x"}]}, valueQuantity={"value": 1}))
        for login in ("a.martin", "d.durand"):
            async with signed_in(browser, running, login, path=f"/charts/{patient}") as reader:
                assert "Essai" in await reader.text()
                assert reader.wrong == []


class TestASilentService:
    @pytest.mark.parametrize("service", PAGES)
    async def test_is_named_and_leaves_the_other_pages(self, browser: Browser, running: Running, stack: Stack, service: str) -> None:
        login, stands_on_it, does_not, said = PAGES[service]
        chart = own_chart(running, "patient.nord")
        async with signed_in(browser, running, login) as visitor:
            with paused(stack, service):
                await visitor.go(stands_on_it.format(chart=chart))
                assert f"The service for {said} does not answer" in await visitor.text()
                await visitor.go(does_not.format(chart=chart))
                assert "does not answer" not in await visitor.text()
            await visitor.go(stands_on_it.format(chart=chart))
            assert "does not answer" not in await visitor.text()

            assert [one for one in visitor.wrong if "503" not in one] == []
