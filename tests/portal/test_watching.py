"""Proves the live list: what it sends, when it waits, and when it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from services.portal import watch_activity as watching
from services.portal.ledger_activity import Entry
from services.portal.pages import set_lines
from services.portal.sessions import Session
from services.portal.watch_activity import Seen, Since, State, watch_activity
from shared.clock import utc_now
from tests.portal.portal_desk import PortalDesk, an_entry


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_UNTIL_SIGNED", 0.01)
    monkeypatch.setattr(watching, "_WHILE_SILENT", (0.01,))


@pytest.fixture
async def session(portal: PortalDesk) -> Session:
    await portal.sign_in()
    found = await portal.app.app.state.resources.desk.sessions.find(portal.cookie(), now=utc_now())
    assert found is not None
    return found


def watch(portal: PortalDesk, session: Session, since: Since | None = None) -> AsyncIterator[State | Seen]:
    return watch_activity(session, since or Since(), clock=utc_now, desk=portal.app.app.state.resources.desk)


async def told(stream: Any, count: int) -> list[Any]:
    async with asyncio.timeout(5):
        return [await anext(stream) for _ in range(count)]


class TestWatchActivity:
    async def test_tells_what_is_new(self, portal: PortalDesk, session: Session) -> None:
        portal.ledger.entries = [an_entry(0)]
        async with aclosing(watch(portal, session)) as stream:
            state, first = await told(stream, 2)
            portal.ledger.entries.append(an_entry(1))
            (second,) = await told(stream, 1)

        assert state is State.LIVE
        assert [entry.index for entry in first.new] == [0]
        assert [entry.index for entry in second.new] == [1]

    async def test_tells_again_what_was_signed_since(self, portal: PortalDesk, session: Session) -> None:
        portal.ledger.entries = [an_entry(0, signed=False)]
        async with aclosing(watch(portal, session)) as stream:
            await told(stream, 2)
            portal.ledger.entries[0] |= {"signed": True}
            (seen,) = await told(stream, 1)

        assert (seen.new, [entry.index for entry in seen.signed]) == ((), [0])

    async def test_asks_about_what_the_page_showed_unsigned(self, portal: PortalDesk, session: Session) -> None:
        portal.ledger.entries = [an_entry(index) for index in range(4)]
        async with aclosing(watch(portal, session, Since(last=3, first_unsigned=2))) as stream:
            _, seen = await told(stream, 2)

        assert (seen.new, [entry.index for entry in seen.signed]) == ((), [2, 3])

    async def test_passes_over_what_is_too_much(self, portal: PortalDesk, session: Session) -> None:
        portal.ledger.entries = [an_entry(index) for index in range(300)]
        async with aclosing(watch(portal, session, Since(last=9))) as stream:
            _, seen = await told(stream, 2)

        assert (len(seen.new), seen.new[-1].index, seen.passed_over) == (50, 299, 240)

    async def test_goes_on_trying_while_the_ledger_is_silent(self, portal: PortalDesk, session: Session) -> None:
        portal.ledger.status = 503
        async with aclosing(watch(portal, session)) as stream:
            (silent,) = await told(stream, 1)
            portal.ledger.status, portal.ledger.entries = 200, [an_entry(0)]
            live, seen = await told(stream, 2)

        assert (silent, live) == (State.SILENT, State.LIVE)
        assert len(seen.new) == 1

    async def test_ends_with_the_session(self, portal: PortalDesk, session: Session) -> None:
        portal.ledger.entries = [an_entry(0)]
        async with aclosing(watch(portal, session)) as stream:
            await told(stream, 2)
            portal.database.rows.clear()

            assert [each async for each in stream] == [State.OVER]

    @pytest.mark.parametrize(("status", "state"), [(401, State.OVER), (403, State.NOT_FOR_YOU)])
    async def test_ends_when_the_ledger_refuses(self, portal: PortalDesk, session: Session, status: int, state: State) -> None:
        portal.ledger.status = status

        assert [each async for each in watch(portal, session)] == [state]

    async def test_gives_two_streams_to_a_session(self, portal: PortalDesk, session: Session) -> None:
        async with aclosing(watch(portal, session)) as one, aclosing(watch(portal, session)) as two:
            await told(one, 1)
            await told(two, 1)
            assert [each async for each in watch(portal, session)] == [State.TOO_MANY]

        async with aclosing(watch(portal, session)) as again:
            assert await told(again, 1) == [State.LIVE]


class TestEvents:
    async def test_end_at_once_for_nobody(self, portal: PortalDesk) -> None:
        answer = await portal.browser.get("/events")

        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "event: ended" in answer.text
        assert "Your session has ended" in answer.text

    @pytest.mark.usefixtures("session")
    async def test_are_parts_of_the_page(self, portal: PortalDesk) -> None:
        portal.ledger.status = 403

        answer = await portal.browser.get("/events", headers={"accept-language": "fr"})

        assert 'id="state"' in answer.text
        assert 'hx-swap-oob="true"' in answer.text
        assert "les exploitants" in answer.text

    @pytest.mark.usefixtures("session")
    async def test_go_on_where_the_reader_was(self, portal: PortalDesk) -> None:
        portal.ledger.status = 403

        await portal.browser.get("/events?after=3", headers={"last-event-id": "7"})

        assert portal.ledger.asked[-1]["after"] == "7"

    async def test_change_only_the_proof_of_what_was_signed_since(self) -> None:
        html = set_lines(Seen((), 0, (Entry(index=7, signed=True),)), "en")

        assert html.strip() == '<span class="proof" id="proof-7" aria-live="off" hx-swap-oob="true">entry 7, signed</span>'
