"""What the staff store promises, of its real self and of the one in memory that other tests stand on."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from services.governance.model import Member, Through
from services.governance.refusals import StaffUnknownError
from services.governance.staff_store import StaffStore, the_one
from services.governance.take_up_staff import take_up_staff
from shared.mongo import Mongo, open_mongo
from shared.outbox import Outbox
from tests.governance.governance_desk import MODULES, NOW, MemoryStaff, a_duty, a_listed, a_member

Stated = tuple[str, int, bool]


@dataclass
class Kept:
    """A store, and what it stated so far: (staff, revision, active) in order."""

    staff: Any
    stated: Callable[[], Awaitable[list[Stated]]]


@pytest.fixture(scope="module")
async def mongo(servers) -> AsyncIterator[Mongo]:
    opened = open_mongo(servers.mongodb_uri, driver=os.environ.get("DRIVER") or "motor")
    yield opened
    await opened.close()


@pytest.fixture
def database(mongo: Mongo) -> Any:
    return mongo.database(f"governance_{uuid.uuid4().hex[:12]}")


def in_memory() -> Kept:
    staff = MemoryStaff()

    async def stated() -> list[Stated]:
        return [(one.ident, one.revision, one.active) for one in staff.stated]

    return Kept(staff, stated)


def in_mongo(mongo: Mongo, database: Any) -> Kept:
    outbox = Outbox(database)

    async def stated() -> list[Stated]:
        values = [orjson.loads(bytes(row["value"])) for row in await outbox.first()]
        return [(value["staff"], value["revision"], value["active"]) for value in values]

    return Kept(StaffStore(mongo, database, outbox), stated)


@pytest.fixture(params=["memory", "mongodb"])
def kept(request: pytest.FixtureRequest) -> Kept:
    if request.param == "memory":
        return in_memory()
    return in_mongo(request.getfixturevalue("mongo"), request.getfixturevalue("database"))


@pytest.fixture
def real(mongo: Mongo, database: Any) -> Kept:
    return in_mongo(mongo, database)


def become(member: Member) -> Callable[[Member | None], Member]:
    return lambda known: replace(member, revision=known.revision if known else 0)


def valid_for(days: float) -> Callable[[Member | None], Member]:
    return lambda known: replace(the_one(known), duties={"basics": a_duty(days=days)})


class TestChange:
    async def test_keeps_what_the_rule_makes(self, kept: Kept) -> None:
        wanted = a_member("d", duties={"basics": a_duty(through=Through.SET, by="t"), "clinic": a_duty(days=-1)})

        changed = await kept.staff.change("d", become(wanted), now=NOW)

        assert changed == replace(wanted, revision=1) == await kept.staff.find("d")
        assert await kept.stated() == [("d", 1, True)]

    async def test_states_each_change_under_the_next_revision(self, kept: Kept) -> None:
        await kept.staff.change("d", become(a_member("d")), now=NOW)
        for days in (1, 2, 3):
            await kept.staff.change("d", valid_for(days), now=NOW)

        assert await kept.stated() == [("d", revision, True) for revision in (1, 2, 3, 4)]

    async def test_states_nothing_when_nothing_changed(self, kept: Kept) -> None:
        for _ in range(2):
            await kept.staff.change("d", become(a_member("d")), now=NOW)

        assert await kept.stated() == [("d", 1, True)]

    async def test_states_it_again_when_told_to(self, kept: Kept) -> None:
        await kept.staff.change("d", become(a_member("d")), now=NOW)

        again = await kept.staff.change("d", the_one, now=NOW, again=True)

        assert again == replace(a_member("d"), revision=2) == await kept.staff.find("d")
        assert await kept.stated() == [("d", 1, True), ("d", 2, True)]

    async def test_does_nothing_when_the_rule_refuses(self, kept: Kept) -> None:
        with pytest.raises(StaffUnknownError):
            await kept.staff.change("nobody", the_one, now=NOW)

        assert await kept.staff.find("nobody") is None
        assert await kept.stated() == []

    async def test_finds_people_by_site(self, kept: Kept) -> None:
        for ident, site in (("a", "nord"), ("b", "sud"), ("c", "nord")):
            await kept.staff.change(ident, become(a_member(ident, site=site)), now=NOW)

        assert {member.ident for member in await kept.staff.of_site("nord")} == {"a", "c"}
        assert await kept.staff.idents() == {"a", "b", "c"}

    async def test_finds_people_by_account(self, kept: Kept) -> None:
        for ident in ("a", "b", "c"):
            await kept.staff.change(ident, become(a_member(ident)), now=NOW)

        assert {member.ident for member in await kept.staff.of_idents({"a", "c", "nobody", "$in"})} == {"a", "c"}
        assert await kept.staff.of_idents([]) == []


class TestRealChange:
    async def test_states_revisions_in_order_whatever_the_clock_says(self, real: Kept) -> None:
        await real.staff.change("d", become(a_member("d")), now=NOW)
        for hours in (-5, 2, -3, 0):
            await real.staff.change("d", valid_for(hours), now=NOW + timedelta(hours=hours))

        assert await real.stated() == [("d", revision, True) for revision in (1, 2, 3, 4, 5)]

    async def test_loses_none_of_many_at_once(self, real: Kept) -> None:
        await real.staff.change("d", become(a_member("d", duties={})), now=NOW)

        def adding(number: int) -> Callable[[Member | None], Member]:
            return lambda known: replace(the_one(known), duties={**the_one(known).duties, f"m{number}": a_duty()})

        await asyncio.gather(*(real.staff.change("d", adding(number), now=NOW) for number in range(12)))

        assert set((await real.staff.find("d")).duties) == {f"m{number}" for number in range(12)}
        assert await real.stated() == [("d", revision, True) for revision in range(1, 14)]

    async def test_takes_up_one_list_once_when_several_processes_start(self, real: Kept) -> None:
        listed = [a_listed(f"staff-{number}") for number in range(10)]

        await asyncio.gather(*(take_up_staff(listed, now=NOW, staff=real.staff, modules=MODULES) for _ in range(3)))

        assert sorted(await real.stated()) == sorted((person.id, 1, True) for person in listed)

    async def test_keeps_dates_to_the_millisecond(self, real: Kept) -> None:
        fine = a_member("d", duties={"basics": replace(a_duty(), until=NOW + timedelta(microseconds=1_999))})

        changed = await real.staff.change("d", become(fine), now=NOW)

        assert changed.duties["basics"].until == NOW + timedelta(milliseconds=1)
        assert changed == await real.staff.find("d")
        await real.staff.change("d", become(fine), now=NOW)
        assert len(await real.stated()) == 1
