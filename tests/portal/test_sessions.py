"""Proves that a session opens with its cookie only, and for as long as its token lasts."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.portal.begun_sign_ins import BegunSignIns
from services.portal.cookie_box import handle_of
from services.portal.sessions import OVERLAP, Sessions
from shared.identity import Actor
from shared.mongo import Mongo, open_mongo
from shared.vocabulary import Profession
from tests.portal.portal_desk import MemoryDatabase

NOW = datetime(2026, 11, 25, 9, 41, 5, 123456, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
ENDS = NOW + timedelta(minutes=15)
TOKEN = "header.payload.signature"


def an_actor() -> Actor:
    return Actor("person-1", "Ursule Faure", Profession.OPERATOR, "nord", "", frozenset({"HSYSADMIN"}), "", None, "", "digest", 0.0)


@pytest.fixture
def database() -> MemoryDatabase:
    return MemoryDatabase()


@pytest.fixture
def sessions(database: MemoryDatabase) -> Sessions:
    return Sessions(database)


class TestSessions:
    async def test_give_back_what_was_begun(self, sessions: Sessions) -> None:
        begun = await sessions.begin(TOKEN, an_actor(), now=NOW, ends_at=ENDS)

        found = await sessions.find(begun.secret, now=NOW)

        assert found is not None
        assert (found.token, found.person) == (TOKEN, begun.person)

    async def test_end_with_the_token(self, sessions: Sessions) -> None:
        begun = await sessions.begin(TOKEN, an_actor(), now=NOW, ends_at=ENDS)

        assert await sessions.find(begun.secret, now=ENDS) is None

    @pytest.mark.parametrize("cookie", ["", "short", "é" * 64, "0" * 64, "0" * 63 + "\n", "G" * 64, None])
    async def test_know_no_other_cookie(self, sessions: Sessions, cookie: str | None) -> None:
        await sessions.begin(TOKEN, an_actor(), now=NOW, ends_at=ENDS)

        assert await sessions.find(cookie, now=NOW) is None

    @pytest.mark.parametrize("place", [0, 31, 63])
    async def test_know_no_cookie_with_one_letter_changed(self, sessions: Sessions, place: int) -> None:
        secret = (await sessions.begin(TOKEN, an_actor(), now=NOW, ends_at=ENDS)).secret
        other = "1" if secret[place] == "0" else "0"

        assert await sessions.find(secret[:place] + other + secret[place + 1 :], now=NOW) is None

    async def test_do_not_open_with_the_secret_of_another_session(self, sessions: Sessions, database: MemoryDatabase) -> None:
        mine = await sessions.begin(TOKEN, an_actor(), now=NOW, ends_at=ENDS)
        other = await sessions.begin("another.secret.token", an_actor(), now=NOW, ends_at=ENDS)
        database.rows[mine.handle]["sealed"] = database.rows[other.handle]["sealed"]

        assert await sessions.find(mine.secret, now=NOW) is None

    async def test_do_not_open_when_the_database_was_told_another_end(self, sessions: Sessions, database: MemoryDatabase) -> None:
        begun = await sessions.begin(TOKEN, an_actor(), now=NOW, ends_at=ENDS)
        database.rows[begun.handle]["ends_at"] = ENDS + timedelta(days=1)

        assert await sessions.find(begun.secret, now=NOW) is None

    async def test_leave_nothing_readable_in_the_database(self, sessions: Sessions, database: MemoryDatabase) -> None:
        begun = await sessions.begin(TOKEN, an_actor(), now=NOW, ends_at=ENDS)

        written = repr(database.rows)

        assert handle_of(begun.secret) in written
        assert not [text for text in (begun.secret, TOKEN, "Ursule", "person-1", "operator") if text in written]

    async def test_end_once(self, sessions: Sessions) -> None:
        begun = await sessions.begin(TOKEN, an_actor(), now=NOW, ends_at=ENDS)

        assert await sessions.end(begun.secret, now=NOW) == begun
        assert await sessions.end(begun.secret, now=NOW) is None
        assert await sessions.find(begun.secret, now=NOW) is None

    async def test_hide_their_secrets_when_printed(self, sessions: Sessions) -> None:
        begun = await sessions.begin(TOKEN, an_actor(), now=NOW, ends_at=ENDS)

        assert not [text for text in (begun.secret, TOKEN, "Ursule") if text in repr(begun)]

    async def test_know_their_own_forms_only(self, sessions: Sessions) -> None:
        mine = await sessions.begin(TOKEN, an_actor(), now=NOW, ends_at=ENDS)
        other = await sessions.begin(TOKEN, an_actor(), now=NOW, ends_at=ENDS)

        assert mine.made_form(mine.form_token)
        assert not mine.made_form(other.form_token)
        assert not mine.made_form("é")


@pytest.fixture(scope="module")
async def mongo(servers: Any) -> AsyncIterator[Mongo]:
    opened = open_mongo(servers.mongodb_uri, driver=os.environ.get("DRIVER") or "motor")
    yield opened
    await opened.close()


@pytest.fixture(params=["memory", "mongodb"])
def kept(request: pytest.FixtureRequest) -> Sessions:
    if request.param == "memory":
        return Sessions(MemoryDatabase())  # type: ignore[arg-type]
    return Sessions(request.getfixturevalue("mongo").database(f"portal_{uuid.uuid4().hex[:12]}"))


class TestRenewing:
    """On MongoDB and in memory, which the other tests stand on."""

    async def test_changes_the_secret_and_nothing_else(self, kept: Sessions) -> None:
        begun = await kept.begin(TOKEN, an_actor(), now=NOW, ends_at=ENDS)

        renewed = await kept.renew(begun, now=LATER)

        assert renewed is not None
        assert renewed.secret != begun.secret
        assert renewed == replace(begun, secret=renewed.secret, renewed_at=renewed.renewed_at)
        assert await kept.find(renewed.secret, now=LATER) == renewed
        assert renewed.made_form(begun.form_token)

    async def test_lets_the_old_secret_lead_there_for_half_a_minute(self, kept: Sessions) -> None:
        begun = await kept.begin(TOKEN, an_actor(), now=NOW, ends_at=ENDS)

        renewed = await kept.renew(begun, now=LATER)

        assert await kept.find(begun.secret, now=LATER + OVERLAP / 2) == renewed
        assert await kept.find(begun.secret, now=LATER + OVERLAP) is None
        assert await kept.find(renewed.secret, now=LATER + OVERLAP) == renewed  # type: ignore[union-attr]

    async def test_gives_the_same_secret_to_all_who_ask_at_once(self, kept: Sessions) -> None:
        begun = await kept.begin(TOKEN, an_actor(), now=NOW, ends_at=ENDS)

        renewed = await asyncio.gather(*(kept.renew(begun, now=LATER) for _ in range(5)))

        assert len({one.secret for one in renewed if one}) == 1
        assert begun.secret not in {one.secret for one in renewed if one}

    @pytest.mark.parametrize("by", ["old", "new"])
    async def test_leaves_one_session_to_end(self, kept: Sessions, by: str) -> None:
        begun = await kept.begin(TOKEN, an_actor(), now=NOW, ends_at=ENDS)
        renewed = await kept.renew(begun, now=LATER)
        assert renewed is not None

        ended = await kept.end(begun.secret if by == "old" else renewed.secret, now=LATER)

        assert ended == renewed
        assert [await kept.find(secret, now=LATER) for secret in (begun.secret, renewed.secret)] == [None, None]

    async def test_revives_no_session_that_ended_meanwhile(self, kept: Sessions) -> None:
        begun = await kept.begin(TOKEN, an_actor(), now=NOW, ends_at=ENDS)
        await kept.end(begun.secret, now=LATER)

        assert await kept.renew(begun, now=LATER) is None

    async def test_stops_in_the_last_half_minute(self, kept: Sessions) -> None:
        begun = await kept.begin(TOKEN, an_actor(), now=NOW, ends_at=ENDS)

        assert await kept.renew(begun, now=ENDS - OVERLAP / 2) == begun

    async def test_leaves_no_secret_readable_in_the_database(self, sessions: Sessions, database: MemoryDatabase) -> None:
        renewed = await sessions.renew(await sessions.begin(TOKEN, an_actor(), now=NOW, ends_at=ENDS), now=LATER)
        assert renewed is not None

        assert not [text for text in (renewed.secret, renewed.root) if text in repr(database.rows) + repr(renewed)]

    async def test_lets_nobody_prolong_the_old_secret_in_the_database(self, sessions: Sessions, database: MemoryDatabase) -> None:
        begun = await sessions.begin(TOKEN, an_actor(), now=NOW, ends_at=ENDS)
        await sessions.renew(begun, now=LATER)
        database.rows[begun.handle]["ends_at"] = ENDS

        assert await sessions.find(begun.secret, now=LATER) is None


class TestBegunSignIns:
    async def test_are_taken_once(self, database: MemoryDatabase) -> None:
        begun_sign_ins = BegunSignIns(database)
        secret, begun = await begun_sign_ins.begin("/", now=NOW)

        assert await begun_sign_ins.take(secret, now=NOW) == begun
        assert await begun_sign_ins.take(secret, now=NOW) is None

    async def test_last_ten_minutes(self, database: MemoryDatabase) -> None:
        begun_sign_ins = BegunSignIns(database)
        secret, _ = await begun_sign_ins.begin("/", now=NOW)

        assert await begun_sign_ins.take(secret, now=NOW + timedelta(minutes=10)) is None

    async def test_are_no_sessions(self, database: MemoryDatabase) -> None:
        secret, _ = await BegunSignIns(database).begin("/", now=NOW)

        assert await Sessions(database).find(secret, now=NOW) is None
