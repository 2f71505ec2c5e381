"""The loop on real servers: from a note in Kafka to a suspicion in the outbox, through restarts, failures and a second process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition

from services.audit.detecting.detect import DetectionDesk, ReadingInDoubtError, Watch
from services.audit.detecting.detection_loop import DetectionLoop, _Reading
from services.audit.detecting.detector import Detector
from services.audit.detecting.refused_rule import RulesRefusedError
from services.audit.model import Log, Suspicion
from services.audit.progress import Progress
from services.audit.resources import open_resources
from services.audit.suspicions import Suspicions
from shared.background import end_tasks
from shared.clock import rfc3339, utc_now
from shared.events.audit import SuspicionRaised
from shared.mongo import MongoError
from tests.audit.ledger_desk import FakeSource, LedgerDesk, eventually

CLERK = {"id": "clerk-1", "profession": "clerk", "site": "nord"}


def a_round(source: FakeSource, count: int, *, actor: str = "clerk-1", first: int = 0, **facts: Any) -> list[Any]:
    """One clerk reads so many patients, a second apart."""
    said = {"actor": CLERK | {"id": actor}, "action": "read", "outcome": "answered", "relationship": "none"} | facts
    start = utc_now()
    times = [rfc3339(start + timedelta(seconds=first + number)) for number in range(count)]
    return [without_time(source.note(patient=f"p{first + number}", **said, time=time)) for number, time in enumerate(times)]


def without_time(note: tuple[bytes, list[tuple[str, bytes]]]) -> tuple[bytes, list[tuple[str, bytes]]]:
    """The header would contradict a time that the test made up."""
    return note[0], [(name, value) for name, value in note[1] if name != "ce_time"]


@asynccontextmanager
async def detecting(loop: DetectionLoop) -> AsyncIterator[None]:
    task = asyncio.create_task(loop.run())
    try:
        yield
    finally:
        await end_tasks([task])


async def suspected(desk: LedgerDesk) -> list[dict[str, Any]]:
    return [row async for row in desk.database.suspicions.find({"log": desk.log.topic}).sort("_id", 1)]


def suspects(desk: LedgerDesk, count: int) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        return len(await suspected(desk)) >= count

    return holds


def has_judged(desk: LedgerDesk, following: int) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        position = await desk.has.positions.find(desk.log)
        return position is not None and position.following >= following

    return holds


class TestDetectionLoop:
    async def test_raises_a_suspicion_and_its_event_together(self, desk: LedgerDesk) -> None:
        source = FakeSource()
        async with detecting(desk.has.detection(desk.log)):
            await desk.send(*a_round(source, 19), source.beat(), (b"rubbish", []), *a_round(source, 1, first=19, colleague=True))
            await eventually(suspects(desk, 2))

        rows = await suspected(desk)
        assert [row["rule"] for row in rows] == ["bulk-lookup", "colleague-lookup"]
        kept = [row async for row in desk.database.outbox.find({"topic": "audit.suspicion"}).sort("ordinal", 1)]
        told = {event.suspicion: event for event in (SuspicionRaised.from_value(bytes(row["value"])) for row in kept)}
        assert told.keys() == {row["_id"] for row in rows}
        assert told[rows[0]["_id"]].evidence == rows[0]["evidence"]
        assert (rows[0]["evidence"]["count"], rows[0]["evidence"]["actor"]) == (20, "clerk-1")

    async def test_goes_on_where_another_process_was_killed(self, desk: LedgerDesk) -> None:
        source = FakeSource()
        await desk.send(*a_round(source, 10), *a_round(source, 3, actor="clerk-2", colleague=True))
        async with detecting(desk.has.detection(desk.log)):
            await eventually(has_judged(desk, 13))
        await desk.send(*a_round(source, 10, first=10))

        async with detecting(desk.has.detection(desk.log)):
            await eventually(has_judged(desk, 23))

        rows = await suspected(desk)
        assert [row["rule"] for row in rows] == ["bulk-lookup", "colleague-lookup", "colleague-lookup", "colleague-lookup"]
        assert len(rows[0]["evidence"]["notes"]) == 20

    async def test_raises_nothing_twice_when_its_position_is_lost(self, desk: LedgerDesk) -> None:
        await desk.send(*a_round(FakeSource(), 70, colleague=True))
        for _ in range(2):
            async with detecting(desk.has.detection(desk.log)):
                await eventually(has_judged(desk, 70))
            await desk.database.detection.delete_many({})

        assert len(await suspected(desk)) == 71
        assert await desk.database.outbox.count_documents({}) == 71

    async def test_finds_the_same_in_two_processes_at_once(self, desk: LedgerDesk) -> None:
        source = FakeSource()
        async with detecting(desk.has.detection(desk.log)), detecting(desk.has.detection(desk.log)):
            for first in range(0, 200, 20):
                await desk.send(*a_round(source, 20, actor=f"clerk-{first}", first=first))
            await eventually(has_judged(desk, 200))
            await eventually(suspects(desk, 10))
            await asyncio.sleep(0.5)

        assert len(await suspected(desk)) == 10
        assert await desk.database.outbox.count_documents({}) == 10

    async def test_loses_nothing_when_the_store_fails(self, desk: LedgerDesk) -> None:
        """At every suspicion once; nothing of what was in mind is trusted after it."""
        failing = Failing(desk.has.suspicions)
        has: Any = desk.has
        watching = DetectionDesk(desk.log, has.rules, failing, has.positions)  # type: ignore[arg-type]
        await desk.send(*a_round(FakeSource(), 20), *a_round(FakeSource(), 2, actor="clerk-2", colleague=True))

        async with detecting(DetectionLoop(watching, connection=desk.has.connection)):
            await eventually(suspects(desk, 3), within=30)

        assert len(failing.failed) == 3
        assert await desk.database.outbox.count_documents({}) == 3

    async def test_works_off_a_backlog_and_tells_how_far_behind_it_is(self, desk: LedgerDesk) -> None:
        source = FakeSource()
        for first in range(0, 3000, 500):
            await desk.send(*[source.note(actor=CLERK, action="read", outcome="answered", patient=f"p{first % 7}") for _ in range(500)])
        loop = desk.has.detection(desk.log)

        async with detecting(loop):
            await eventually(has_judged(desk, 3000))

        position = await desk.has.positions.find(desk.log)
        assert position is not None
        assert position.rewind == 0
        assert loop.seconds_behind() == 0.0

    async def test_begins_anew_on_a_topic_that_was_made_anew(self, desk: LedgerDesk) -> None:
        position = replace(await self.a_position(desk), following=500, rewind=400)
        await desk.has.positions.keep(desk.log, position, now=utc_now())

        async with detecting(desk.has.detection(desk.log)):
            await eventually(suspects(desk, 1))

    async def a_position(self, desk: LedgerDesk) -> Any:
        await desk.send(*a_round(FakeSource(), 1, colleague=True))
        async with detecting(desk.has.detection(desk.log)):
            await eventually(has_judged(desk, 1))
        await desk.database.suspicions.delete_many({})
        return await desk.has.positions.find(desk.log)


@dataclass
class StandingStill:
    """A consumer that hands over nothing."""

    end: int

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, self.end)


class TestLookingAround:
    async def test_doubts_a_consumer_that_stands_still(self, desk: LedgerDesk) -> None:
        loop, watch = desk.has.detection(desk.log), Watch(Detector(desk.has.rules), 5, 5)
        waiting, idle = (_Reading(StandingStill(end), TopicPartition(desk.log.topic, 0), watch, fetched_at=0.0) for end in (6, 5))

        await loop._look_around(idle)
        with pytest.raises(ReadingInDoubtError):
            await loop._look_around(waiting)

        assert idle.fetched_at > 0


class TestLoops:
    async def test_hold_detection_where_accesses_are_logged(self, desk: LedgerDesk) -> None:
        accesses = Log(desk.log.group, "records.access")

        has = replace(desk.has, logs={accesses.topic: Progress(accesses)})

        assert {"detection", "affected"} <= has.loops().keys()
        assert not {"detection", "affected"} & desk.has.loops().keys()


@dataclass
class Failing:
    """Fails the first time that each suspicion is raised, before or after it is stored."""

    inner: Suspicions
    failed: list[str] = field(default_factory=list)

    async def raise_once(self, about: Log, suspicion: Suspicion, *, now: datetime) -> None:
        fresh = suspicion.ident not in self.failed
        if fresh:
            self.failed.append(suspicion.ident)
        if fresh and len(self.failed) % 2:
            raise MongoError
        await self.inner.raise_once(about, suspicion, now=now)
        if fresh:
            raise MongoError


class TestStart:
    async def test_refuses_a_rule_that_is_none(self, desk: LedgerDesk, tmp_path: Path) -> None:
        (tmp_path / "r.yml").write_text("- 1")

        with pytest.raises(RulesRefusedError, match=r"r\.yml:1"):
            async with open_resources(desk.has.settings.model_copy(update={"rules_folder": tmp_path})):
                pass
