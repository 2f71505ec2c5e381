"""What the reminder store promises, of its real self and of the one in memory that other tests stand on."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from services.governance.model import Reminder
from services.governance.reminder_store import ReminderStore
from shared.clock import rfc3339
from shared.mongo import Mongo, open_mongo
from shared.outbox import Outbox
from tests.governance.governance_desk import NOW, MemoryReminders

UNTIL = NOW + timedelta(days=3)
DAY = timedelta(days=1)


@dataclass
class Kept:
    """A store, and the moments that it stated so far."""

    reminders: Any
    stated: Callable[[], Awaitable[list[datetime]]]


@pytest.fixture(scope="module")
async def mongo(servers) -> AsyncIterator[Mongo]:
    opened = open_mongo(servers.mongodb_uri, driver=os.environ.get("DRIVER") or "motor")
    yield opened
    await opened.close()


def in_memory() -> Kept:
    reminders = MemoryReminders()

    async def stated() -> list[datetime]:
        return [one.at for one in reminders.stated]

    return Kept(reminders, stated)


def in_mongo(mongo: Mongo) -> Kept:
    database = mongo.database(f"governance_{uuid.uuid4().hex[:12]}")
    outbox = Outbox(database)

    async def stated() -> list[datetime]:
        return [datetime.fromisoformat(orjson.loads(bytes(row["value"]))["reminded_at"]) for row in await outbox.first()]

    return Kept(ReminderStore(mongo, database, outbox), stated)


@pytest.fixture(params=["memory", "mongodb"])
def kept(request: pytest.FixtureRequest) -> Kept:
    return in_memory() if request.param == "memory" else in_mongo(request.getfixturevalue("mongo"))


@pytest.fixture
def real(mongo: Mongo) -> Kept:
    return in_mongo(mongo)


def a_reminder(staff: str = "clerk", *, after: timedelta = timedelta(0), site: str = "nord") -> Reminder:
    return Reminder(staff, "basics", site, "trainer", NOW + after)


class TestKeep:
    async def test_keeps_and_states_the_first(self, kept: Kept) -> None:
        assert await kept.reminders.keep(a_reminder(), valid_until=UNTIL) == (a_reminder(), True)
        assert await kept.reminders.of_site("nord") == [a_reminder()]
        assert await kept.stated() == [NOW]

    async def test_changes_nothing_within_a_day(self, kept: Kept) -> None:
        await kept.reminders.keep(a_reminder(), valid_until=UNTIL)

        again = await kept.reminders.keep(replace(a_reminder(after=DAY - timedelta(seconds=1)), by="other"), valid_until=UNTIL)

        assert again == (a_reminder(), False)
        assert await kept.stated() == [NOW]

    async def test_keeps_another_after_a_day(self, kept: Kept) -> None:
        for after in (timedelta(0), DAY):
            await kept.reminders.keep(a_reminder(after=after), valid_until=UNTIL)

        assert await kept.reminders.of_site("nord") == [a_reminder(after=DAY)]
        assert await kept.stated() == [NOW, NOW + DAY]

    async def test_tells_those_of_one_site(self, kept: Kept) -> None:
        for one in (a_reminder("a"), a_reminder("b", site="sud")):
            await kept.reminders.keep(one, valid_until=UNTIL)

        assert await kept.reminders.of_site("sud") == [a_reminder("b", site="sud")]


class TestRealKeep:
    async def test_states_one_of_many_at_once(self, real: Kept) -> None:
        await asyncio.gather(*(real.reminders.keep(a_reminder(after=timedelta(seconds=n)), valid_until=UNTIL) for n in range(8)))

        assert len(await real.stated()) == 1

    async def test_states_ids_and_instants_only(self, mongo: Mongo) -> None:
        database = mongo.database(f"governance_{uuid.uuid4().hex[:12]}")
        outbox = Outbox(database)

        await ReminderStore(mongo, database, outbox).keep(a_reminder(), valid_until=UNTIL)

        [row] = await outbox.first()
        assert (row["topic"], bytes(row["key"])) == ("governance.change", b"clerk")
        stated = {"staff": "clerk", "module": "basics", "by": "trainer"}
        assert {
            name: stated.get(name) or rfc3339(datetime.fromisoformat(value)) for name, value in orjson.loads(bytes(row["value"])).items()
        } == {
            **stated,
            "valid_until": rfc3339(UNTIL),
            "reminded_at": rfc3339(NOW),
        }
