"""Proves that a locked workstation ends what was begun there, and nothing else."""

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.local.servers import Servers
from services.portal.subscribers import join_subscribers
from services.portal.watch_activity import Since, State, watch_activity
from services.portal.workstations import Lock, Workstations
from shared.clock import utc_now
from shared.events.governance import WorkstationLocked, WorkstationUnlocked
from shared.kafka import open_producer
from shared.mongo import Mongo, open_mongo
from tests.portal.portal_desk import MemoryDatabase, PortalDesk, an_entry
from tests.portal.test_rooms import a_duty
from tests.shared.kafka_desk import RenamedDoor, desk_of, eventually

NOW = datetime(2026, 11, 25, 9, 41, 5, 123000, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
async def mongo(servers: Servers) -> AsyncIterator[Mongo]:
    opened = open_mongo(servers.mongodb_uri, driver=os.environ.get("DRIVER") or "motor")
    yield opened
    await opened.close()


@pytest.fixture(params=["memory", "mongodb"])
def database(request: pytest.FixtureRequest) -> Any:
    if request.param == "memory":
        return MemoryDatabase()
    return request.getfixturevalue("mongo").database(f"portal_{uuid.uuid4().hex[:12]}")


class TestWorkstations:
    """On MongoDB and in memory, which the other tests stand on."""

    async def test_know_the_newest_word_whatever_comes_again(self, database: Any) -> None:
        kept = Workstations(database)
        for locked, at in ((True, NOW), (False, NOW + MINUTE), (True, NOW), (False, NOW + MINUTE)):
            await kept.keep("nord", "pc-1", locked=locked, at=at)

        assert await kept.find("nord", "pc-1") == Lock(locked=False, locked_at=NOW)

    async def test_keep_sites_apart(self, database: Any) -> None:
        await Workstations(database).keep("nord", "pc-1", locked=True, at=NOW)

        assert await Workstations(database).find("sud", "pc-1") is None

    async def test_are_not_forgotten_with_the_process(self, database: Any) -> None:
        await Workstations(database).keep("nord", "pc-1", locked=True, at=NOW)

        assert await Workstations(database).find("nord", "pc-1") == Lock(locked=True, locked_at=NOW)

    async def test_may_be_unlocked_first(self, database: Any) -> None:
        await Workstations(database).keep("nord", "pc-1", locked=False, at=NOW)

        assert await Workstations(database).find("nord", "pc-1") == Lock(locked=False, locked_at=None)


class TestLock:
    @pytest.mark.parametrize(
        ("lock", "begun", "over"),
        [
            (Lock(locked=True, locked_at=NOW), -1, True),
            (Lock(locked=True, locked_at=NOW), 1, True),
            (Lock(locked=False, locked_at=NOW), -1, True),
            (Lock(locked=False, locked_at=NOW), 0, False),
            (Lock(locked=False, locked_at=NOW), 1, False),
            (Lock(locked=False, locked_at=None), -1, False),
        ],
    )
    def test_ends_what_was_begun_before_it_and_all_while_it_lasts(self, lock: Lock, begun: int, over: bool) -> None:
        assert lock.ends(NOW + begun * MINUTE) is over


async def lock(portal: PortalDesk, ident: str = "pc-1", *, locked: bool = True, site: str = "nord", after: timedelta = MINUTE) -> None:
    workstations: Workstations = portal.app.app.state.resources.desk.workstations
    await workstations.keep(site, ident, locked=locked, at=utc_now() + after)


@pytest.fixture
async def at_pc_1(portal: PortalDesk) -> PortalDesk:
    """Somebody signed in there."""
    portal.group.answers = {"GET governance/modules": [a_duty()]}
    await portal.sign_in("operator", workstation="pc-1")
    return portal


class TestSession:
    async def test_is_over_at_the_next_request_and_says_why_once(self, at_pc_1: PortalDesk) -> None:
        await lock(at_pc_1)

        first, second = [await at_pc_1.browser.get("/modules") for _ in range(2)]

        assert (first.status_code, second.status_code) == (401, 401)
        assert ["your workstation was locked" in answer.text for answer in (first, second)] == [True, False]
        assert 'name="goal" value="/modules"' in first.text
        assert at_pc_1.notes.told() == [("signed-in", None), ("signed-out", "workstation-locked")]
        assert at_pc_1.notes.kept[-1]["actor"] == {"id": "person-1", "profession": "operator", "site": "nord"}
        assert at_pc_1.database.rows == {}

    async def test_is_over_on_the_first_page_too(self, at_pc_1: PortalDesk) -> None:
        await lock(at_pc_1)

        answer = await at_pc_1.browser.get("/", headers={"accept-language": "fr"})

        assert "poste de travail a été verrouillé" in answer.text
        assert "Camille" not in answer.text

    async def test_stays_over_when_it_is_unlocked(self, at_pc_1: PortalDesk) -> None:
        await lock(at_pc_1)
        await lock(at_pc_1, locked=False, after=2 * MINUTE)

        assert "your workstation was locked" in (await at_pc_1.browser.get("/modules")).text

    async def test_changes_nothing_any_more(self, at_pc_1: PortalDesk) -> None:
        token = (await at_pc_1.browser.get("/modules")).text.partition('name="form-token" value="')[2].partition('"')[0]
        await lock(at_pc_1)

        answer = await at_pc_1.browser.post("/modules/privacy-basics", data={"form-token": token})

        assert answer.status_code == 401
        assert [request.method for request in at_pc_1.group.asked] == ["GET"]

    @pytest.mark.parametrize(("ident", "site"), [("pc-2", "nord"), ("pc-1", "sud")])
    async def test_goes_on_at_every_other_workstation(self, at_pc_1: PortalDesk, ident: str, site: str) -> None:
        await lock(at_pc_1, ident, site=site)

        assert (await at_pc_1.browser.get("/modules")).status_code == 200

    async def test_without_a_workstation_goes_on(self, portal: PortalDesk) -> None:
        await portal.sign_in()
        await lock(portal)

        assert "Ursule Faure" in (await portal.browser.get("/activity")).text

    async def test_that_was_begun_after_the_unlocking_goes_on(self, portal: PortalDesk) -> None:
        await lock(portal, after=-2 * MINUTE)
        await lock(portal, locked=False, after=-MINUTE)
        portal.group.answers = {"GET governance/modules": [a_duty()]}

        await portal.sign_in("operator", workstation="pc-1")

        assert (await portal.browser.get("/modules")).status_code == 200


class TestSigningIn:
    async def test_is_refused_while_the_workstation_is_locked(self, portal: PortalDesk) -> None:
        await lock(portal, after=-MINUTE)

        answer = await portal.sign_in("operator", workstation="pc-1")

        assert answer.status_code == 403
        assert "this workstation is locked" in answer.text
        assert portal.notes.told() == [("sign-in-failed", "workstation-locked")]
        assert portal.notes.kept[-1]["actor"]["id"] == "person-1"
        assert portal.cookie() is None


class TestStreams:
    async def test_end_and_show_nothing_more(self, at_pc_1: PortalDesk) -> None:
        desk = at_pc_1.app.app.state.resources.desk
        session = await desk.sessions.find(at_pc_1.cookie(), now=utc_now())
        at_pc_1.ledger.entries = [an_entry(0)]
        async with aclosing(watch_activity(session, Since(), clock=utc_now, desk=desk)) as stream:
            await anext(stream)
            await anext(stream)
            await lock(at_pc_1)
            at_pc_1.ledger.entries.append(an_entry(1))

            assert [told async for told in stream] == [State.LOCKED]

        assert at_pc_1.notes.told()[-1] == ("signed-out", "workstation-locked")

    async def test_say_so_to_who_comes_back(self, at_pc_1: PortalDesk) -> None:
        await lock(at_pc_1)

        answer = await at_pc_1.browser.get("/events")

        assert "your workstation was locked" in answer.text
        assert "event: ended" in answer.text


class TestDoor:
    async def test_hears_of_locks_on_kafka(self, servers: Servers, mongo: Mongo) -> None:
        kafka, workstations = desk_of(servers.kafka), Workstations(mongo.database(f"portal_{uuid.uuid4().hex[:12]}"))
        producer, door = await open_producer(kafka.connection, client_id="tests"), RenamedDoor(kafka)
        join_subscribers(door, workstations=workstations)
        await door.start()
        try:
            await door.state(WorkstationLocked(workstation="pc-1", site="nord", locked_at=NOW), producer, now=NOW)
            await eventually(lambda: workstations.find("nord", "pc-1"), within=20)
            await door.state(WorkstationUnlocked(workstation="pc-1", site="nord", unlocked_at=NOW + MINUTE), producer, now=NOW)
            await door.state(WorkstationLocked(workstation="pc-2", site="nord", locked_at=NOW), producer, now=NOW)

            await eventually(lambda: workstations.find("nord", "pc-2"), within=20)
            assert await workstations.find("nord", "pc-1") == Lock(locked=False, locked_at=NOW)
        finally:
            await door.stop()
            await producer.stop()
