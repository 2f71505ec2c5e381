"""Proves that a cookie is of use for five minutes, and that nobody at work notices when it is renewed."""

import asyncio
from contextlib import aclosing
from datetime import timedelta

import httpx
import pytest

from services.portal import open_session, sessions
from services.portal.cookies import SESSION
from services.portal.watch_activity import Since, State, watch_activity
from shared.clock import utc_now
from tests.portal.portal_desk import PortalDesk, an_entry
from tests.portal.test_rooms import ME


@pytest.fixture
async def signed_in(portal: PortalDesk) -> str:
    """The cookie of the sign-in."""
    await portal.sign_in()
    return str(portal.cookie())


@pytest.fixture
def due(monkeypatch: pytest.MonkeyPatch, signed_in: str) -> str:
    """Every secret is old from now on."""
    monkeypatch.setattr(open_session, "RENEWED_EVERY", timedelta(0))
    return signed_in


@pytest.fixture
def over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A renewed secret is dead at once."""
    monkeypatch.setattr(sessions, "OVERLAP", timedelta(seconds=-1))


def with_cookie(portal: PortalDesk, secret: str) -> PortalDesk:
    portal.browser.cookies.set(SESSION, secret, domain="127.0.0.1", path="/")
    return portal


async def first_page(portal: PortalDesk, secret: str) -> httpx.Response:
    return await with_cookie(portal, secret).browser.get("/activity")


def handed(answer: httpx.Response) -> str | None:
    return answer.cookies.get(SESSION)


class TestCookie:
    async def test_stays_while_it_is_young(self, portal: PortalDesk, signed_in: str) -> None:
        assert handed(await first_page(portal, signed_in)) is None

    async def test_is_renewed_when_it_is_five_minutes_old(self, portal: PortalDesk, due: str) -> None:
        answer = await first_page(portal, due)

        set_cookie = answer.headers["set-cookie"].lower()
        assert handed(answer) not in {None, due}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= {part.strip() for part in set_cookie.split(";")}
        assert "Ursule Faure" in answer.text
        assert portal.notes.told() == [("signed-in", None)]

    async def test_comes_with_a_page_that_tells_of_a_failure_too(self, portal: PortalDesk, due: str) -> None:
        portal.group.silent = {"governance"}

        answer = await with_cookie(portal, due).browser.get("/modules")

        assert answer.status_code == 503
        assert handed(answer) not in {None, due}

    async def test_of_before_is_handed_the_new_one_in_the_overlap(
        self, portal: PortalDesk, due: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        new = handed(await first_page(portal, due))
        monkeypatch.setattr(open_session, "RENEWED_EVERY", timedelta(minutes=5))

        answer = await first_page(portal, due)

        assert "Ursule Faure" in answer.text
        assert handed(answer) == new

    @pytest.mark.usefixtures("over")
    async def test_of_before_opens_nothing_after_the_overlap(self, portal: PortalDesk, due: str) -> None:
        new = handed(await first_page(portal, due))

        assert "Ursule" not in (await first_page(portal, due)).text
        assert "Ursule" in (await first_page(portal, str(new))).text

    async def test_is_renewed_when_a_glass_was_broken(self, portal: PortalDesk) -> None:
        portal.group.answers = {f"POST records/charts/{ME}/emergency": {}}
        await portal.sign_in("clinician")
        before = portal.cookie()

        answer = await portal.send("/charts", f"/charts/{ME}/emergency", reason="unconscious")

        assert answer.status_code == 303
        assert handed(answer) not in {None, before}
        assert (await first_page(portal, str(before))).status_code == 401


class TestRequestsAtOnce:
    async def test_are_all_answered(self, portal: PortalDesk, due: str) -> None:
        answers = await asyncio.gather(*(first_page(portal, due) for _ in range(6)))

        assert {answer.status_code for answer in answers} == {200}
        assert all("Ursule Faure" in answer.text for answer in answers)


class TestForms:
    @pytest.mark.usefixtures("over")
    async def test_that_were_open_meanwhile_are_taken(self, portal: PortalDesk, due: str) -> None:
        opened = await first_page(portal, due)
        await portal.browser.get("/activity")

        answer = await portal.browser.post("/sign-out", data={"form-token": form_token_in(opened)})

        assert answer.status_code == 303
        assert portal.notes.told()[-1] == ("signed-out", "asked")


class TestSignOut:
    @pytest.mark.parametrize("by", ["old", "new"])
    async def test_ends_what_either_cookie_opens(self, portal: PortalDesk, due: str, by: str) -> None:
        page = await first_page(portal, due)
        new = str(handed(page))
        with_cookie(portal, due if by == "old" else new)

        await portal.browser.post("/sign-out", data={"form-token": form_token_in(page)})

        assert [("Ursule" in (await first_page(portal, secret)).text) for secret in (due, new)] == [False, False]
        assert portal.notes.told() == [("signed-in", None), ("signed-out", "asked")]


class TestStreams:
    async def test_go_on_under_the_new_secret(self, portal: PortalDesk, due: str) -> None:
        desk = portal.app.app.state.resources.desk
        session = await desk.sessions.find(due, now=utc_now())
        portal.ledger.entries = [an_entry(0)]
        async with aclosing(watch_activity(session, Since(), clock=utc_now, desk=desk)) as stream, asyncio.timeout(5):
            assert await anext(stream) is State.LIVE
            await anext(stream)
            new = await first_page(portal, due)
            portal.ledger.entries.append(an_entry(1))
            await anext(stream)
            del portal.database.rows[sessions.handle_of(due)]
            portal.ledger.entries.append(an_entry(2))

            seen = await anext(stream)

        assert [entry.index for entry in seen.new] == [2]  # type: ignore[union-attr]
        assert handed(new) != due


def form_token_in(page: httpx.Response) -> str:
    return page.text.partition('name="form-token" value="')[2].partition('"')[0]
