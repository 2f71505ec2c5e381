"""What governance says on Kafka, through the whole of it: store, outbox, relay, heartbeat, and the mirror that listens."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from services.governance.staff_store import StaffStore, the_one
from services.governance.stating import Heartbeat, Restating
from services.governance.take_up_staff import take_up_staff
from services.records.knowing.standings import Standings
from shared.background import end_tasks
from shared.clock import utc_now
from shared.events import EventRecord
from shared.events.governance import GovernanceHeard
from shared.events.topics import GOVERNANCE_STANDING
from shared.kafka import Producer
from shared.mongo import Mongo, open_mongo
from shared.outbox import Outbox, Relay
from tests.governance.governance_desk import MODULES, a_duty, a_listed
from tests.shared.kafka_desk import KafkaDesk, desk_of, eventually


@dataclass
class Speaker:
    """One governance on real servers, that speaks on a topic of the test's own."""

    kafka: KafkaDesk
    mongo: Mongo
    staff: StaffStore
    outbox: Outbox
    producer: Producer
    topic: str

    def relay(self) -> Relay:
        return Relay(self.outbox, producer=self.producer, owner="governance", relayed=lambda _topic: None)

    def heartbeat(self, *, pause: float = 60) -> Heartbeat:
        return Heartbeat(self.outbox, producer=self.producer, pause=timedelta(seconds=pause))

    async def takes_up(self, *idents: str) -> None:
        await take_up_staff([a_listed(ident) for ident in idents], now=utc_now(), staff=self.staff, modules=MODULES)

    async def said(self) -> list[str]:
        """`staff/revision`, or `heard`."""
        return [_word(record) for record in await self.kafka.lying_in(self.topic)]


def _word(record: Any) -> str:
    type_, value = dict(record.headers)["ce_type"].decode(), orjson.loads(record.value)
    return "heard" if type_ == GovernanceHeard.type else f"{value['staff']}/{value['revision']}"


class ElsewhereProducer(Producer):
    """Sends what is meant for the real topic to the test's own."""

    elsewhere = ""

    async def send(self, record: EventRecord) -> "asyncio.Future[Any]":
        assert record.topic == GOVERNANCE_STANDING.name
        return await super().send(replace(record, topic=self.elsewhere))


@pytest.fixture
async def speaker(servers) -> AsyncIterator[Speaker]:
    kafka = desk_of(servers.kafka)
    mongo = open_mongo(servers.mongodb_uri, driver=os.environ.get("DRIVER") or "motor")
    database = mongo.database(f"governance_{uuid.uuid4().hex[:12]}")
    outbox = Outbox(database)
    producer = ElsewhereProducer(kafka.connection, client_id="test")
    producer.elsewhere = kafka.topic(parked=False).name
    await producer.start()
    yield Speaker(kafka, mongo, StaffStore(mongo, database, outbox), outbox, producer, producer.elsewhere)
    await producer.stop()
    await mongo.close()


@asynccontextmanager
async def running(*runs: Any) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(run()) for run in runs]
    try:
        yield
    finally:
        assert not [task for task in tasks if task.done()]
        await end_tasks(tasks)


class TestHeartbeat:
    async def test_comes_at_once_and_again(self, speaker: Speaker) -> None:
        async with running(speaker.heartbeat(pause=0.3).run):
            await eventually(lambda: _has(speaker, "heard", at_least=3), within=5)

    async def test_waits_until_every_standing_was_told(self, speaker: Speaker) -> None:
        await speaker.takes_up("d", "e")
        async with running(speaker.heartbeat().run):
            await asyncio.sleep(1)
            assert await speaker.said() == []

            async with running(speaker.relay().run):
                await eventually(lambda: _has(speaker, "heard"))

        assert await speaker.said() == ["d/1", "e/1", "heard"]

    async def test_is_silent_while_the_store_is_down(self, speaker: Speaker) -> None:
        nowhere = open_mongo("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200")
        heartbeat = Heartbeat(Outbox(nowhere.database("none")), producer=speaker.producer, pause=timedelta(seconds=60))

        async with running(heartbeat.run):
            await asyncio.sleep(3)

        assert await speaker.said() == []
        await nowhere.close()


class TestRestating:
    async def test_states_everybody_anew_at_start_and_again(self, speaker: Speaker) -> None:
        await speaker.takes_up("d", "e")

        async with running(speaker.relay().run, Restating(speaker.staff, pause=timedelta(seconds=0.5)).run):
            await eventually(lambda: _has(speaker, "e/3"))

        said = await speaker.said()
        assert [word for word in said if word.startswith("d/")][:3] == ["d/1", "d/2", "d/3"]


class TestMirror:
    async def test_of_records_follows_within_a_moment(self, speaker: Speaker) -> None:
        await speaker.takes_up("d")
        mirror = Standings(speaker.kafka.connection, silence_bound=timedelta(minutes=10), topic=speaker.topic)

        async with running(speaker.relay().run, speaker.heartbeat().run, mirror.run):
            await eventually(mirror.heard)
            assert mirror.of("d").lapsed(utc_now()) == []  # type: ignore[union-attr]

            await _set(speaker, "d", days=-10_000)
            await eventually(lambda: mirror.of("d").lapsed(utc_now()) == ["basics"], within=5)  # type: ignore[union-attr]

            await _set(speaker, "d", days=100)
            await eventually(lambda: not mirror.of("d").lapsed(utc_now()), within=5)  # type: ignore[union-attr]

    async def test_is_whole_again_after_the_topic_was_lost(self, speaker: Speaker) -> None:
        await speaker.takes_up("d", "e", "left")
        await speaker.takes_up("d", "e")
        await speaker.outbox.remove([row["_id"] for row in await speaker.outbox.first()])
        mirror = Standings(speaker.kafka.connection, silence_bound=timedelta(minutes=10), topic=speaker.topic)

        restating = Restating(speaker.staff, pause=timedelta(hours=1))
        async with running(restating.run, speaker.relay().run, mirror.run):
            await eventually(lambda: all(mirror.of(staff) for staff in ("d", "e", "left")))

        assert [mirror.of(staff).active for staff in ("d", "e", "left")] == [True, True, False]  # type: ignore[union-attr]


async def _has(speaker: Speaker, word: str, *, at_least: int = 1) -> bool:
    return (await speaker.said()).count(word) >= at_least


async def _set(speaker: Speaker, ident: str, *, days: float) -> None:
    await speaker.staff.change(ident, lambda known: replace(the_one(known), duties={"basics": a_duty(days=days)}), now=utc_now())
