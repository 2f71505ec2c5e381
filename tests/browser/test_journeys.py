"""What each person finds on their pages, and that no page keeps anybody out."""

import re

import httpx
from playwright.async_api import Browser

from cli.running import Running
from deploy.local.stack import Stack
from services.governance.module_shelf import load_modules
from shared.events.audit import SuspicionRaised
from tests.browser.people import PHONE, Visitor, signed_in
from tests.builders import Desk, a_patient, an_encounter
from tests.shared.kafka_desk import desk_of

MODULE = "privacy-basics"


def own_chart(running: Running, login: str) -> str:
    return str(running.claims(login)["extensions"]["ihe_iua"]["person_id"])


class TestLooking:
    async def test_finds_what_keeps_people_out(self, browser: Browser, running: Running) -> None:
        async with signed_in(browser, running, "u.faure", viewport=PHONE) as visitor:
            assert visitor.wrong == []

            await visitor.page.locator("main").evaluate("it => it.innerHTML = '<div><img src=/static/serment.svg width=900></div>'")
            await visitor.look()

            assert [one.split(": ")[1] if ": " in one else one for one in visitor.wrong] == [
                "image-alt",
                "/activity is wider than its window",
            ]


class TestAScreenLeftAlone:
    async def test_locks_itself(self, browser: Browser, running: Running) -> None:
        async with signed_in(browser, running, "patient.nord") as patient:
            await patient.page.clock.install()
            await patient.page.goto(f"{patient.portal}/choices")
            await patient.page.clock.run_for(290_000)
            await patient.page.mouse.move(50, 50)
            await patient.page.clock.run_for(290_000)
            assert "My choices" in await patient.text()

            await patient.page.clock.run_for(20_000)
            await patient.page.get_by_role("button", name="Sign in").wait_for()

            assert await patient.page.get_by_role("button", name="Sign out").count() == 0


class TestAPatient:
    async def test_shuts_the_chart_for_a_unit_and_opens_it_again(self, browser: Browser, running: Running) -> None:
        chart = f"/charts/{own_chart(running, 'patient.nord')}"
        async with signed_in(browser, running, "patient.nord") as patient, signed_in(browser, running, "a.martin", path=chart) as doctor:
            assert "Problems" in await doctor.text()

            assert "Who saw my record" in await patient.text()
            await patient.go("/choices")
            await patient.page.locator("#unit").select_option("nord-medecine")
            await patient.press("See what it would do")
            assert "nobody there can open your record" in await patient.text()
            await patient.press("Save this choice")
            assert "in force everywhere" in await patient.text()
            await doctor.go(chart)
            assert "The patient objected to this access" in await doctor.text()

            await patient.go("/choices")
            await patient.press("Take it back")
            assert "You took this back" in await patient.text()
            await doctor.go(chart)
            assert "Problems" in await doctor.text()

            assert patient.wrong + doctor.wrong == []

    async def test_reads_it_all_in_french_on_a_dark_phone(self, browser: Browser, running: Running) -> None:
        dark = {"viewport": PHONE, "color_scheme": "dark"}
        async with signed_in(browser, running, "patient.nord", locale="fr-FR", **dark) as patient:
            assert "Qui a vu mon dossier" in await patient.text()
            await patient.go("/choices")
            await patient.press("Autoriser la recherche")
            assert "Ce que cela ferait" in await patient.text()
            await patient.go("/messages")

            assert patient.wrong == []


class TestAQuestion:
    async def test_is_asked_about_a_visit_and_answered_in_time(self, browser: Browser, running: Running, desk: Desk) -> None:
        me = own_chart(running, "patient.nord")
        assert desk.ask("GET", f"Patient/{me}", "b.bernard").status_code == 403
        async with signed_in(browser, running, "patient.nord", viewport=PHONE) as patient:
            await self._until(patient, "This looks wrong")
            await patient.press("This looks wrong")
            await patient.page.get_by_role("textbox").fill("Made up: whom have I never met?")
            await patient.press("Send to the privacy officer")
            assert "A question about a visit" in await patient.text()
            async with signed_in(browser, running, "o.leroy") as officer:
                assert "First due" in await officer.text()
                await officer.press("Patients’ requests")
                await officer.press("A question about a visit")
                assert "Made up: whom have I never met?" in await officer.text()
                await officer.page.get_by_label("Your answer to the patient").fill("Made up: a colleague, who was refused.")
                await officer.page.get_by_label("Outcome").select_option("explained")
                await officer.press("Send the answer")
                assert "explained" in await officer.text()
                assert officer.wrong == []
            await patient.go("/rights")
            assert "Made up: a colleague, who was refused." in await patient.text()
            await patient.go("/messages")
            assert "Your request was answered" in await patient.text()

            assert patient.wrong == []

    async def _until(self, visitor: Visitor, words: str) -> None:
        """The ledger has taken it in."""
        for _ in range(40):
            if words in await visitor.text():
                return
            await visitor.page.wait_for_timeout(250)
            await visitor.go("/trail")


class TestFindingAPatient:
    async def test_opens_the_chart_of_ones_own_and_tells_a_stranger_how_to_ask(
        self, browser: Browser, running: Running, desk: Desk
    ) -> None:
        family = f"Trouvaille{desk.a_chart()[0][:8]}"
        patient = desk.create(a_patient(name=[{"family": family, "given": ["Test"]}], birthDate="1951-02-03"))["id"]
        desk.create(an_encounter(patient, desk.practitioner("a.martin")))
        for login, told, then in (("a.martin", family, "Problems"), ("c.petit", "shut for you", "Break the glass")):
            async with signed_in(browser, running, login) as doctor:
                await doctor.page.get_by_label("Family name").fill(family.upper())
                await doctor.page.get_by_label("Birth date").fill("1951-02-03")
                await doctor.press("Find the patient")
                assert "1 patient found" in await doctor.text()
                assert family not in doctor.page.url
                await doctor.look()
                await doctor.follow(doctor.page.locator(".card a").filter(has_text=told))
                assert then in await doctor.text()

                assert [one for one in doctor.wrong if "403" not in one] == []


class TestAnEmergency:
    async def test_is_opened_told_and_reviewed(self, browser: Browser, running: Running, desk: Desk) -> None:
        patient, _address = desk.a_chart()
        async with signed_in(browser, running, "c.petit", path=f"/charts/{patient}", viewport=PHONE) as doctor:
            assert "not in this patient's care team" in await doctor.text()
            await doctor.page.get_by_role("textbox").fill("Made up: unconscious, nobody of the team can be reached.")
            await doctor.press("Break the glass")
            assert "Open by emergency until" in await doctor.text()

            assert doctor.wrong == []
        grant = desk.beside("GET", f"charts/{patient}/emergency", "c.petit", purpose="TREAT").json()["id"]
        await self._review(browser, running, grant)

    async def _review(self, browser: Browser, running: Running, grant: str) -> None:
        async with signed_in(browser, running, "o.leroy", path=f"/reviews/{grant}") as officer:
            for _ in range(40):  # until `notifier` has heard of it
                if "Made up: unconscious" in await officer.text():
                    break
                await officer.page.wait_for_timeout(250)
                await officer.page.goto(f"{officer.portal}/reviews/{grant}")
            assert "Made up: unconscious" in await officer.text()
            await officer.look()
            await officer.follow(officer.page.get_by_role("button", name="Justified", exact=True))
            assert "justified" in (await officer.text()).lower()
            await officer.go("/reviews")

            assert [one for one in officer.wrong if "404" not in one] == []


class TestOperation:
    async def test_shows_how_each_process_is_and_has_a_parked_message_handled_again(
        self, browser: Browser, running: Running, stack: Stack
    ) -> None:
        unreadable = [("ce_type", SuspicionRaised.type.encode())]
        desk_of(stack.servers.kafka).put(SuspicionRaised.topic.name, b"{}", headers=unreadable)
        async with signed_in(browser, running, "u.faure", path="/operation") as operator:
            for _ in range(40):  # until `notifier` has parked it
                if "UnreadableEventError" in await operator.text():
                    break
                await operator.page.wait_for_timeout(250)
                await operator.page.goto(f"{operator.portal}/operation")
            told = " ".join((await operator.text()).split())
            assert all(f"{name} ready" in told for name in ("audit", "consent", "records/nord 1", "records/nord 2", "records/sud"))
            assert "no lease" not in told
            assert "records.access" in told
            await operator.press("Handle again")
            assert re.search(r"notifier handled: 0, failed again: \d+ \(UnreadableEventError\)", " ".join((await operator.text()).split()))
            await operator.go("/activity")

            assert operator.wrong == []


class TestObjectives:
    async def test_are_met_by_a_group_that_is_well(self, browser: Browser, running: Running) -> None:
        async with signed_in(browser, running, "o.leroy", path="/objectives", viewport=PHONE) as officer:
            told = await officer.text()
            assert "not met" not in told
            assert "Not said by" not in told

            assert officer.wrong == []


class TestALapsedDuty:
    async def test_shuts_the_door_until_the_module_is_passed(self, browser: Browser, running: Running) -> None:
        async with signed_in(browser, running, "t.roux") as trainer:
            await trainer.press("Require it again now: Denis Durand, Privacy basics")
            assert "lapsed" in await trainer.text()
            assert trainer.wrong == []
        with httpx.Client(timeout=60, trust_env=False) as http:
            refused = Desk(running, http).ask("GET", f"Patient/{own_chart(running, 'patient.nord')}", "d.durand", purpose="PATADMIN")
            said = refused.json()["issue"][0]["details"]["text"]
            assert f"{running.addresses['portal']}/modules/{MODULE}" in said
        async with signed_in(browser, running, "d.durand", path=f"/modules/{MODULE}") as clerk:
            await self._answer(clerk, right=False)
            assert "Not passed yet" in await clerk.text()
            await clerk.press("Take it again")
            await self._answer(clerk, right=True)
            assert "Passed" in await clerk.text()
            await clerk.press("My modules")
            assert "up to date" in await clerk.text()

            assert clerk.wrong == []

    async def _answer(self, clerk: Visitor, *, right: bool) -> None:
        for question in load_modules().fetch(MODULE).questions:
            for choice in question.choices:
                if (choice.id in question.right) is right:
                    await clerk.page.locator(f'input[name="q-{question.id}"][value="{choice.id}"]').check()
        await clerk.press("Hand in my answers")
