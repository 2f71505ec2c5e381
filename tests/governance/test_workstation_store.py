"""What the workstation store promises, of its real self and of the one in memory that other tests stand on."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from services.governance.model import Workstation
from services.governance.workstation_store import WorkstationStore
from shared.events.governance import WorkstationLocked, WorkstationUnlocked
from shared.mongo import Mongo, open_mongo
from shared.outbox import Outbox
from tests.governance.governance_desk import NOW, MemoryWorkstations

Stated = tuple[str, bool, datetime]


@dataclass
class Kept:
    """A store, and what it stated so far: (site, locked, when) in order."""

    workstations: Any
    stated: Callable[[], Awaitable[list[Stated]]]

    async def lock(self, site: str = "nord", *, locked: bool = True, at: datetime = NOW) -> Workstation:
        return await self.workstations.set_lock(site, "pc-1", locked=locked, by="agent", now=at)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
async def mongo(servers) -> AsyncIterator[Mongo]:
    opened = open_mongo(servers.mongodb_uri, driver=os.environ.get("DRIVER") or "motor")
    yield opened
    await opened.close()


def in_memory() -> Kept:
    workstations = MemoryWorkstations()

    async def stated() -> list[Stated]:
        return [(one.site, one.locked, one.since) for one in workstations.stated]  # type: ignore[misc]

    return Kept(workstations, stated)


def in_mongo(mongo: Mongo) -> Kept:
    database = mongo.database(f"governance_{uuid.uuid4().hex[:12]}")
    outbox = Outbox(database)

    async def stated() -> list[Stated]:
        return [_told(row) for row in await outbox.first()]

    return Kept(WorkstationStore(mongo, database, outbox), stated)


def _told(row: dict[str, Any]) -> Stated:
    known = {WorkstationLocked.type: "locked_at", WorkstationUnlocked.type: "unlocked_at"}
    type_ = next(bytes(value).decode() for name, value in row["headers"] if name == "ce_type")
    value = orjson.loads(bytes(row["value"]))
    assert (row["topic"], bytes(row["key"]), value["workstation"]) == ("governance.change", b"pc-1", "pc-1")
    return value["site"], type_ == WorkstationLocked.type, datetime.fromisoformat(value[known[type_]])


@pytest.fixture(params=["memory", "mongodb"])
def kept(request: pytest.FixtureRequest) -> Kept:
    return in_memory() if request.param == "memory" else in_mongo(request.getfixturevalue("mongo"))


@pytest.fixture
def real(mongo: Mongo) -> Kept:
    return in_mongo(mongo)


class TestSetLock:
    async def test_keeps_and_states_each_change(self, kept: Kept) -> None:
        later = NOW + timedelta(minutes=5)

        assert await kept.lock() == Workstation("pc-1", "nord", locked=True, since=NOW)
        assert await kept.lock(locked=False, at=later) == Workstation("pc-1", "nord", locked=False, since=later)

        assert await kept.stated() == [("nord", True, NOW), ("nord", False, later)]

    async def test_changes_nothing_that_is_so_already(self, kept: Kept) -> None:
        assert (await kept.lock(locked=False)).since is None
        await kept.lock()

        again = await kept.lock(at=NOW + timedelta(minutes=5))

        assert again.since == NOW
        assert await kept.stated() == [("nord", True, NOW)]

    async def test_keeps_sites_apart(self, kept: Kept) -> None:
        await kept.lock("sud")

        assert (await kept.lock(locked=False)).since is None
        assert await kept.stated() == [("sud", True, NOW)]


class TestRealSetLock:
    async def test_states_one_of_many_at_once(self, real: Kept) -> None:
        await asyncio.gather(*(real.lock() for _ in range(6)))

        assert await real.stated() == [("nord", True, NOW)]

    async def test_states_them_in_order_whatever_the_clock_says(self, real: Kept) -> None:
        for locked, hours in ((True, 0), (False, -3), (True, -5)):
            await real.lock(locked=locked, at=NOW + timedelta(hours=hours))

        stated = await real.stated()
        assert [locked for _, locked, _ in stated] == [True, False, True]
        assert [at for _, _, at in stated] == sorted(at for _, _, at in stated)
