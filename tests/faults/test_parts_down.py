"""What people see, and what is kept, while one part is down: the rows of the table in the design that exist so far."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import pytest

from cli.story import ledger_view
from cli.story.checking import until
from cli.story.steps import STEPS
from deploy.local.home import claim_home
from deploy.local.stack import start_stack
from services.records.erasing.erasures import ErasureState
from shared.clock import utc_now
from shared.mongo import Mongo, open_mongo
from tests.builders import Desk, a_patient, an_observation
from tests.conftest import DRIVERS
from tests.faults.conftest import SHORT_LEASE
from tests.faults.ground import RECORDS, Ground

_FIRST = 0.5
"""Seconds: the 250 ms that Kafka is given, and the outbox."""
_QUICK = 0.15
_GIVEN_UP_WITHIN = 20.0
"""Seconds: ten of trying, and what was under way then."""
GROUNDS = {"grounds": "person-asked"}


@pytest.fixture(autouse=True)
def _whole_before(ground: Ground) -> None:
    ground.wait_until_ready()


def slug(answer: httpx.Response) -> str:
    """Of an OperationOutcome, and of nothing else."""
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    return str(body["issue"][0]["details"]["coding"][0]["code"])


def timed(ask: Callable[[], httpx.Response]) -> tuple[httpx.Response, float]:
    started = time.monotonic()
    return ask(), time.monotonic() - started


def at_once(*asks: Callable[[], httpx.Response]) -> list[httpx.Response]:
    with ThreadPoolExecutor(len(asks)) as pool:
        return [asked.result() for asked in [pool.submit(ask) for ask in asks]]


_A_LEASE_AND_MORE = 60.0
"""Seconds: `consent` waits for the lease of the replica that was killed before it lets the erasure go on."""


class TestKafkaPaused:
    def test_lets_reads_go_on_and_brings_their_notes_back_in_order(self, ground: Ground, desk: Desk) -> None:
        _patient, address = desk.a_chart()
        assert desk.ask("GET", address, "a.martin").status_code == 200
        before = desk.ledger_size()

        with ground.paused("kafka-1"):
            told = [timed(lambda: desk.ask("GET", address, "a.martin")) for _ in range(40)]
            refused, _took = timed(lambda: desk.ask("GET", address, "b.bernard"))
            waiting = ground.outbox()

        answers, times = [answer for answer, _took in told], [took for _answer, took in told]
        decisions = [answer.headers["x-decision-id"] for answer in answers]
        assert {answer.status_code for answer in answers} == {200}
        assert refused.status_code == 403
        assert waiting[:40] == decisions
        assert len(waiting) == 41
        assert max(times) <= _FIRST
        assert sorted(times[5:])[-3] <= _QUICK, times
        assert ground.times_in_ledger(waiting, since=before) == {1: 41}
        in_ledger = [note["id"] for note in ground.notes(since=before) if note["id"] in set(waiting)]
        assert in_ledger == waiting
        _answer, took = timed(lambda: desk.ask("GET", address, "a.martin"))
        assert took <= _QUICK
        assert ground.outbox() == []


class TestMongoDown:
    def test_answers_503_and_still_notes_the_refusals_it_can_decide(self, ground: Ground, desk: Desk) -> None:
        patient, address = desk.a_chart()
        before = desk.ledger_size()
        assert desk.ask("GET", "Observation", "b.bernard", params={"patient": patient}).status_code == 403  # the chart's header is known

        with ground.without("mongodb"):
            refused = desk.ask("GET", "Observation", "b.bernard", params={"patient": patient})
            started = time.monotonic()
            down = at_once(
                lambda: desk.ask("GET", address, "a.martin"),
                lambda: desk.ask("GET", "Observation", "a.martin", params={"patient": patient}),
                lambda: desk.ask("GET", f"Observation/{uuid.uuid4()}", "b.bernard"),
                lambda: desk.ask("POST", "Observation", "integration.nord", json=an_observation(patient)),
                lambda: desk.ask("POST", "Patient", "integration.nord", json=a_patient()),
            )
            took = time.monotonic() - started

        assert [(answer.status_code, slug(answer)) for answer in down] == [(503, "store-unreachable")] * 5
        assert refused.status_code == 403, refused.text
        assert took <= _GIVEN_UP_WITHIN
        notes = [note for note in ground.notes(since=before) if note.get("patient") == patient]
        assert [note["outcome"] for note in notes if note["status"] == 403] == ["refused"] * 2
        assert {note["outcome"] for note in notes if note["status"] != 403} <= {"unreadable"}
        assert desk.ask("GET", address, "a.martin").status_code == 200


class TestVaultPaused:
    def test_reads_what_was_opened_just_now_and_says_why_it_reads_nothing_else(self, ground: Ground, desk: Desk) -> None:
        opened, address = desk.a_chart()
        _closed, unopened = desk.a_chart()  # by replica 0: the other never had its keys
        for replica, login, status in ((0, "a.martin", 200), (0, "b.bernard", 403), (1, "a.martin", 200)):
            assert desk.ask("GET", address, login, replica=replica).status_code == status
        before = desk.ledger_size()

        with ground.paused("openbao"):
            readable = [desk.ask("GET", address, "a.martin") for _ in range(3)]
            refused = desk.ask("GET", address, "b.bernard")
            unreadable = desk.ask("GET", unopened, "a.martin", replica=1)

        assert [answer.status_code for answer in readable] == [200] * 3
        assert refused.status_code == 403
        assert (unreadable.status_code, slug(unreadable)) == (503, "keys-unavailable")
        ground.wait_until_ready()
        assert ground.times_in_ledger([answer.headers["x-decision-id"] for answer in readable], since=before) == {1: 3}
        notes = [note for note in ground.notes(since=before) if note.get("patient") == opened]
        assert [note["outcome"] for note in notes if note["status"] == 403] == ["refused"]
        assert desk.ask("GET", unopened, "a.martin", replica=1).status_code == 200


class TestAuditDown:
    def test_is_seen_by_no_caller_and_leaves_the_ledger_complete(self, ground: Ground, desk: Desk) -> None:
        patient, address = desk.a_chart()
        before = desk.ledger_size()

        with ground.without("audit"):
            reads = [timed(lambda count=count: desk.ask("GET", address, "a.martin", replica=count % 2)) for count in range(30)]
            created = desk.ask("POST", "Observation", "integration.nord", json=an_observation(patient))
            refused = desk.ask("GET", address, "b.bernard")

        answers = [answer for answer, _took in reads]
        assert ({answer.status_code for answer in answers}, created.status_code, refused.status_code) == ({200}, 201, 403)
        assert sorted(took for _answer, took in reads)[-3] <= _QUICK
        decisions = [answer.headers["x-decision-id"] for answer in [*answers, created]]
        assert ground.times_in_ledger(decisions, since=before) == {1: 31}
        assert [note["status"] for note in ground.notes(since=before) if note["action"] == "read"].count(403) == 1


class TestAnErasureCutShort:
    def test_is_finished_by_the_replica_that_starts_again_with_one_note(self, ground: Ground, desk: Desk) -> None:
        patient, address = desk.a_chart()
        proposed = desk.beside("POST", f"charts/{patient}/erasures", "o.leroy", purpose="RECORDMGT", json=GROUNDS)
        before = desk.ledger_size()

        with ground.without("nord-b"):
            as_if_killed_between_key_and_note(ground, patient, proposed.json()["id"])

        notes = until(lambda: of(ground, patient, before), within=_A_LEASE_AND_MORE, otherwise="the erasure was not finished")
        assert [(note["step"], note["outcome"], note["actor"]["id"]) for note in notes] == [("resumed", "answered", "officer-2")]
        assert state_of(ground, proposed.json()["id"]) == ErasureState.DESTROYED
        for replica in (0, 1):
            gone = lambda replica=replica: desk.ask("GET", address, "a.martin", replica=replica).status_code == 410  # noqa: E731
            until(gone, within=20, otherwise=f"replica {replica} still answers for the erased chart")
        assert ledger_view.whole_report(ground.auditor).ok


def of(ground: Ground, patient: str, since: int) -> list[dict[str, Any]]:
    return [note for note in ground.notes(since=since) if note.get("patient") == patient and note["action"] == "erase"]


def state_of(ground: Ground, erasure: str) -> str:
    database = ground.auditor.records["nord"]
    return str(ground.look(lambda mongo: mongo.database(database).get_collection("erasures").find_one({"_id": erasure}))["state"])


def as_if_killed_between_key_and_note(ground: Ground, patient: str, erasure: str) -> None:
    """What a second officer's confirmation has written by then: the state, and the tombstone."""

    async def begin(mongo: Mongo) -> None:
        rows = mongo.database(ground.auditor.records["nord"]).get_collection("erasures")
        change = {"state": ErasureState.DESTROYING, "confirmed_by": "officer-2"}
        assert (await rows.update_one({"_id": erasure, "state": ErasureState.PROPOSED}, {"$set": change})).modified_count == 1

    async def destroy(mongo: Mongo) -> None:
        keys = mongo.database("keyring_nord").get_collection("keys")
        await keys.replace_one({"_id": patient}, {"tombstone": {"at": utc_now(), "reference": erasure}})

    as_user(ground, "records-nord", begin)
    as_user(ground, "keyring-nord", destroy)


def as_user(ground: Ground, principal: str, work: Callable[[Mongo], Awaitable[None]]) -> None:
    async def working() -> None:
        mongo = open_mongo(ground.stack.launch.mongodb(principal))
        try:
            await work(mongo)
        finally:
            await mongo.close()

    asyncio.run(working())


class TestEverythingStoppedAndStarted:
    def test_holds_again_and_verifies_without_a_warning(self, ground: Ground, desk: Desk) -> None:
        _patient, address = desk.a_chart()
        before = desk.ledger_size()
        decision = desk.ask("GET", address, "a.martin").headers["x-decision-id"]
        alive = living(ground)
        assert len(alive) == len(RECORDS)

        ground.stack.stop()
        home = claim_home(ground.stack.home.path, portal="the tests of faults", say=print)
        ground.stack = start_stack(home, ground.stack.ports, extra=DRIVERS | SHORT_LEASE, say=print)

        code, said = ground.tell_story(steps=STEPS[:5])
        assert code == 0, said
        report = ledger_view.whole_report(ground.auditor)
        assert report.ok
        assert [one for one in report.findings if one.evidence.get("incarnation", "alive") in {*alive, "alive"}] == []
        assert not alive & beats(ground).keys()
        assert desk.ask("GET", address, "a.martin").status_code == 200
        assert ground.times_in_ledger([decision], since=before) == {1: 1}


async def incarnations(database: str, mongo: Mongo) -> list[dict[str, Any]]:
    return await mongo.database(database).get_collection("incarnations").find({}).to_list(length=None)


def beats(ground: Ground) -> dict[str, int]:
    """How often each incarnation has beaten that neither left nor was declared dead."""
    found = [ground.look(partial(incarnations, name)) for name in ground.auditor.records.values()]
    return {row["_id"]: row["beats"] for rows in found for row in rows}


def living(ground: Ground) -> set[str]:
    """Those that beat within three seconds."""
    first = beats(ground)
    time.sleep(3)
    return {incarnation for incarnation, count in beats(ground).items() if count != first.get(incarnation)}
