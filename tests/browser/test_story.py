"""The whole story through the pages alone: nobody here calls a service, but for the interface that loads the charts (step 1)."""

import re

from playwright.async_api import Browser

from cli.running import Running
from tests.browser.people import Visitor, signed_in
from tests.builders import Desk, a_patient, an_encounter, an_observation

CLERK, CLINICIAN, STRANGER = "d.durand", "a.martin", "b.bernard"
_LOOKED_UP = 20


def a_chart(desk: Desk) -> str:
    """Step 1, as the site's interface does it."""
    patient = str(desk.create(a_patient(name=[{"family": "Récit", "given": ["Test"]}], birthDate="1951-02-03"))["id"])
    desk.create(an_encounter(patient, desk.practitioner(CLINICIAN)))
    desk.create(an_observation(patient, code={"text": "Temperature"}, valueQuantity={"value": 37.2, "unit": "°C"}))
    return patient


async def become(visitor: Visitor, path: str, words: str) -> None:
    """Looks at a page until it says so: events travel, and the ledger is signed, within seconds."""
    for _ in range(60):
        await visitor.page.goto(f"{visitor.portal}{path}")
        if words in await visitor.text():
            return await visitor.look()
        await visitor.page.wait_for_timeout(250)
    raise AssertionError(f"{path} does not say {words!r}: {await visitor.text()}")


class TestTheStory:
    async def test_is_told_from_the_first_read_to_the_erasure(self, browser: Browser, running: Running, desk: Desk) -> None:
        patient = a_chart(desk)
        chart = f"/charts/{patient}"
        async with signed_in(browser, running, CLINICIAN, path=chart) as doctor:
            await self._reads_with_care(doctor)
            await self._refuses_without_care(browser, running, chart)
            await self._limits_the_clerk(browser, running, chart)
            await self._tells_the_officer_with_proof(browser, running, patient)
            await self._erases_by_two_officers(browser, running, patient)
            await become(doctor, chart, "erased")
            assert [one for one in doctor.wrong if "410" not in one] == []

    async def _reads_with_care(self, doctor: Visitor) -> None:
        told = await doctor.text()
        assert "Test Récit" in told
        assert "Temperature" in told
        assert "37.2" in told

    async def _refuses_without_care(self, browser: Browser, running: Running, chart: str) -> None:
        for locale, reason in (("fr-FR", "équipe de soins"), ("en-GB", "care team")):
            async with signed_in(browser, running, STRANGER, path=chart, locale=locale) as stranger:
                told = await stranger.text()
                assert reason in told
                assert "Récit" not in told
                assert stranger.wrong == []

    async def _limits_the_clerk(self, browser: Browser, running: Running, chart: str) -> None:
        async with signed_in(browser, running, CLERK, path=chart) as clerk:
            told = await clerk.text()
            assert "Test Récit" in told
            assert "Temperature" not in told
            assert clerk.wrong == []

    async def _tells_the_officer_with_proof(self, browser: Browser, running: Running, patient: str) -> None:
        async with signed_in(browser, running, "o.leroy") as officer:
            await become(officer, f"/trail/{patient}", "refused")
            told = await officer.text()
            assert "clinician" in told
            assert "clerk" in told
            await officer.page.locator("summary").first.click()
            async with officer.page.expect_download() as proof:
                await officer.page.locator("details[open] a").first.click()
            assert (await proof.value).suggested_filename == "entry.tlog-proof"
            assert officer.wrong == []

    async def _erases_by_two_officers(self, browser: Browser, running: Running, patient: str) -> None:
        async with signed_in(browser, running, "o.leroy", path="/erasures") as first:
            await first.page.get_by_label("Number of the patient’s record").fill(patient)
            await first.page.get_by_label("Grounds").select_option("person-asked")
            await first.press("Propose an erasure")
            assert "You proposed this" in await first.text()
            assert first.wrong == []
        async with signed_in(browser, running, "p.moreau", path="/erasures") as second:
            mine = second.page.locator(".card").filter(has_text=patient)
            await mine.get_by_role("checkbox").check()
            await second.follow(mine.get_by_role("button"))
            assert "The chart is erased" in await second.text()
            assert second.wrong == []

    async def test_goes_on_with_a_clerk_who_looks_up_too_many(self, browser: Browser, running: Running, desk: Desk) -> None:
        """A suspicion, a case, a confirmation with its 72 hours, and what the clerk opened, by name."""
        patients = [str(desk.create(a_patient(name=[{"family": "Essai"}]))["id"]) for _ in range(_LOOKED_UP)]
        async with signed_in(browser, running, CLERK) as clerk:
            for patient in patients:
                await clerk.page.goto(f"{clerk.portal}/charts/{patient}")
                assert "Essai" in await clerk.text()
        async with signed_in(browser, running, "o.leroy") as officer:
            await become(officer, "/cases?state=suspected", "Many charts in a short time")
            await officer.press("Many charts in a short time")
            assert "Denis Durand" in await officer.text()
            await officer.page.locator("#reason-confirmation").select_option("unauthorised-access")
            await officer.press("Confirm the breach")
            assert re.search(r"Notice to the authority\s+due", await officer.text())
            case = officer.page.url.rpartition("/")[2]
            await become(officer, f"/cases/{case}", "patients, from the ledger")
            await officer.press("Show who")
            assert len(await officer.page.locator("main ol li").all()) >= _LOOKED_UP
            await officer.follow(officer.page.locator("main li a").first)
            assert "Who saw this record" in await officer.text()
            await officer.go(f"/cases/{case}")
            await officer.page.get_by_label("Reason").select_option("authority-notified")
            await officer.press("Close the case")
            assert "This case has ended" in await officer.text()
            await officer.go("/activity")

            assert officer.wrong == []
