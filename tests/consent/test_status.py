"""What `consent` says of itself: the group's replicas, and how fast changes come into force."""

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from deploy.local.stack import Stack
from services.consent.consent_store import ConsentStore
from services.consent.enforcing.remove_lapsed import Lapsing
from services.consent.model import Change, Evidence
from shared.clock import utc_now
from shared.elapsed import Reading
from shared.mongo import open_mongo
from shared.vocabulary import PatientId
from tests.builders import Desk
from tests.consent.conftest import ConsentDesk

NOW = utc_now()
STRANGERS = [("a.martin", "TREAT"), ("d.durand", "PATADMIN"), ("t.roux", "TRAIN"), ("integration.nord", None), ("patient.nord", None)]


class TestStatus:
    def test_tells_how_far_each_replica_is_and_how_fast_a_change_was(self, consent: ConsentDesk, desk: Desk, patient: str) -> None:
        evidence = consent.says(patient).json()["evidence"]

        answer = consent.ask("GET", "/status", "u.faure", "HSYSADMIN")
        replica = desk.beside("GET", "status", "o.leroy", purpose="HCOMPL").json()

        told = answer.json()
        assert answer.headers["cache-control"] == "no-store"
        assert told["head"] >= evidence["number"]
        assert len(told["members"]) >= 3
        (member,) = [one for one in told["members"] if one["incarnation"] == replica["incarnation"]]
        assert member["number"] >= evidence["number"]
        assert member["heard_seconds"] < 21
        assert told["force"]["changes"] >= 1
        assert 0 < told["force"]["p50_seconds"] <= told["force"]["max_seconds"]
        assert told["outbox"].keys() == {"waiting", "oldest_seconds"}
        assert patient not in answer.text

    @pytest.mark.parametrize(("login", "purpose"), STRANGERS)
    def test_is_for_those_who_watch(self, consent: ConsentDesk, login: str, purpose: str | None) -> None:
        assert consent.ask("GET", "/status", login, purpose).status_code == 403


class TestReplicaStatus:
    def test_tells_its_lease_its_number_and_how_its_notes_go(self, desk: Desk, consent: ConsentDesk, patient: str) -> None:
        number = consent.says(patient).json()["evidence"]["number"]

        first, second = [desk.beside("GET", "status", "u.faure", replica=replica).json() for replica in (0, 1)]

        assert first["incarnation"] != second["incarnation"]
        for told in (first, second):
            assert told["number"] >= number
            assert 10 < told["lease_seconds"] <= 20
            assert told["breaker_open"] is False
            assert told["outbox"].keys() == {"waiting", "oldest_seconds"}

    @pytest.mark.parametrize(("login", "purpose"), STRANGERS)
    def test_is_for_those_who_watch(self, desk: Desk, login: str, purpose: str | None) -> None:
        assert desk.beside("GET", "status", login, purpose=purpose).status_code == 403


@pytest.fixture(params=["motor", "pymongo"])
async def store(request: pytest.FixtureRequest, stack: Stack) -> AsyncIterator[ConsentStore]:
    mongo = open_mongo(stack.servers.mongodb_uri, driver=request.param)
    opened = ConsentStore(mongo.database(f"consent_{uuid.uuid4().hex[:12]}"), sealer=None)  # type: ignore[arg-type]
    await opened.prepare()
    yield opened
    await mongo.close()


class TestForceTimes:
    async def test_are_those_of_changes_that_came_into_force_lately(self, store: ConsentStore) -> None:
        async def changes(ident: str, *, hours_ago: float | None, milliseconds: float = 0) -> None:
            change = Change(ident, PatientId("p"), ident, 1, 1, ())
            await store.begin_change(change, session=None)
            if hours_ago is not None:
                await store.mark_in_force(change, Evidence(1, 0, 0, 0, milliseconds), now=NOW - timedelta(hours=hours_ago))

        await changes("yesterday", hours_ago=30, milliseconds=1)
        await changes("earlier", hours_ago=5, milliseconds=21_000)
        await changes("now", hours_ago=0, milliseconds=12.5)
        await changes("waiting", hours_ago=None)

        assert await store.force_times(since=NOW - timedelta(days=1)) == [0.0125, 21.0]


class TestLapsing:
    def test_tells_since_when_nothing_was_heard_of_each(self) -> None:
        lapsing = Lapsing()
        for second, grants in ((0, {"a": 1, "b": 2}), (4, {"a": 3, "b": 2}), (6, {"a": 3, "b": 2})):
            lapsing.observe(grants, a_reading(second), lease=20)

        assert lapsing.stood_still(a_reading(7)) == {"a": 3.0, "b": 7.0}


def a_reading(second: float) -> Any:
    return Reading(1000.0 + second, 5000.0 + second)
