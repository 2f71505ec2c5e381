"""Proves that no note and no event is lost, doubled under another name, or answered before it is kept."""

import asyncio
import dataclasses
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from deploy.local.child import Child
from deploy.local.children import Children
from deploy.local.home import claim_home
from deploy.local.kafka import start_kafka
from deploy.local.ports import find_free_ports
from deploy.local.stack import ROOT, Stack
from deploy.local.tools import ensure_tools
from shared.clock import utc_now
from shared.events import EventRecord, cloud_headers
from shared.events.topics import Topic
from shared.kafka import Producer, open_producer
from shared.mongo import Mongo, MongoError, open_mongo
from shared.notes import NoteNotKeptError, Notes, Presence
from shared.outbox import Outbox, Relay, record_of
from tests.shared.kafka_desk import KafkaDesk, desk_of, eventually
from tests.shared.proxies import open_wire

NOW = datetime(2026, 11, 25, 18, 6, 37, 125000, tzinfo=UTC)
READ = "org.serment.records.read.v1"


@dataclass
class NoteDesk:
    """A topic, an outbox and the notes of one incarnation."""

    kafka: KafkaDesk
    topic: Topic
    outbox: Outbox
    producer: Producer
    notes: Notes
    relay: Relay
    database: Any

    async def keep(self, count: int = 1) -> list[EventRecord]:
        drawn = [self.notes.draw(READ, {"patient": f"p{n}"}, now=NOW) for n in range(count)]
        await asyncio.gather(*map(self.notes.keep, drawn))
        return drawn

    async def lying_in_kafka(self) -> list[Any]:
        return await self.kafka.lying_in(self.topic.name)

    async def said(self) -> list[dict[str, Any]]:
        """All values on the topic."""
        return [orjson.loads(record.value) for record in await self.lying_in_kafka()]

    async def beats(self) -> list[tuple[str, int, int]]:
        return [(one["state"], one["lowest"], one["next"]) for one in await self.said() if "state" in one]

    async def kept_in_outbox(self) -> list[EventRecord]:
        return [record_of(row) for row in await self.outbox.first()]


def a_desk(kafka: KafkaDesk, database: Any, producer: Producer, *, topic: Topic | None = None) -> NoteDesk:
    chosen = topic or kafka.topic(parked=False)
    outbox = Outbox(database)
    notes = Notes(chosen, source="/records/nord", about={"site": "nord"}, producer=producer, outbox=outbox)
    relay = Relay(outbox, producer=producer, owner=notes.incarnation, relayed=notes.relayed)
    return NoteDesk(kafka, chosen, outbox, producer, notes, relay, database)


@pytest.fixture(scope="module")
async def producer(kafka: KafkaDesk) -> AsyncIterator[Producer]:
    opened = await open_producer(kafka.connection, client_id="tests")
    yield opened
    await opened.stop()


@pytest.fixture
def desk(kafka: KafkaDesk, database: Any, producer: Producer) -> NoteDesk:
    return a_desk(kafka, database, producer)


@pytest.fixture
def without_kafka(desk: NoteDesk) -> NoteDesk:
    """Its producer was never started, and says so at once."""
    return a_desk(desk.kafka, desk.database, Producer(desk.kafka.connection, client_id="none"), topic=desk.topic)


@dataclass(frozen=True)
class OwnKafka:
    desk: KafkaDesk
    broker: Child


@pytest.fixture(scope="module")
def own_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnKafka]:
    """A broker that may be frozen without harm to anybody else."""
    home = claim_home(tmp_path_factory.mktemp("kafka") / "home", portal="the tests", say=print)
    children = Children()
    started = start_kafka(home, find_free_ports(), children, ensure_tools(ROOT, print), brokers=1)
    yield OwnKafka(desk_of(started), children["kafka-1"])
    children["kafka-1"].resume()
    children.stop_all()
    home.release()


def an_event(topic: Topic, number: int, *, key: bytes = b"k") -> EventRecord:
    ident = str(uuid.uuid4())
    return EventRecord(ident, topic.name, key, cloud_headers(ident=ident, source="/t", type_="t", time="now"), b"%d" % number)


def as_sent(records: list[Any]) -> list[tuple[Any, ...]]:
    return [(record.key, tuple(record.headers), record.value, record.partition or 0) for record in records]


class TestOutbox:
    async def test_stands_or_falls_with_its_transaction(self, desk: NoteDesk, mongo: Mongo) -> None:
        event = an_event(desk.topic, 1)

        async def work(session: Any) -> None:
            await desk.outbox.add([event], now=NOW, session=session)
            await desk.database.get_collection("state").insert_one({"_id": 1}, session=session)
            if fails:
                raise ArithmeticError

        fails = True
        with pytest.raises(ArithmeticError):
            await mongo.transact(work)
        assert (await desk.outbox.count(), await desk.outbox.holds(event.ident)) == (0, False)

        fails = False
        await mongo.transact(work)
        assert (await desk.outbox.count(), await desk.outbox.holds(event.ident)) == (1, True)

    async def test_keeps_a_record_once_and_as_it_was(self, desk: NoteDesk) -> None:
        event = dataclasses.replace(an_event(desk.topic, 1), partition=0)

        await desk.outbox.add([event], now=NOW)
        await desk.outbox.add([event], now=NOW + timedelta(days=1))

        assert await desk.kept_in_outbox() == [event]

    async def test_says_what_else_went_wrong(self, desk: NoteDesk, mongo: Mongo) -> None:
        event = an_event(desk.topic, 1)
        await desk.outbox.add([event], now=NOW)

        with pytest.raises(MongoError):
            await mongo.transact(lambda session: desk.outbox.add([event], now=NOW, session=session))

    async def test_tells_the_lowest_number_of_each_incarnation(self, desk: NoteDesk) -> None:
        drawn = [desk.notes.draw(READ, {}, now=NOW) for _ in range(3)]
        await desk.outbox.add(drawn[1:], now=NOW, incarnation=desk.notes.incarnation)

        assert await desk.outbox.lowest_number(desk.notes.incarnation) == 2
        assert await desk.outbox.lowest_number("another") is None

    async def test_tells_how_many_wait_and_how_long_the_oldest_has(self, desk: NoteDesk) -> None:
        assert await desk.outbox.backlog(now=NOW) == {"waiting": 0, "oldest_seconds": None}

        for number, seconds in enumerate((30, 5, 70)):
            await desk.outbox.add([an_event(desk.topic, number)], now=NOW - timedelta(seconds=seconds))

        assert await desk.outbox.backlog(now=NOW) == {"waiting": 3, "oldest_seconds": 70.0}
        assert (await desk.outbox.backlog(now=NOW - timedelta(hours=1)))["oldest_seconds"] == 0


class TestRelay:
    async def test_sends_in_the_order_of_writing_and_removes_what_was_acknowledged(self, desk: NoteDesk) -> None:
        events = [an_event(desk.topic, number) for number in range(30)]
        for start in range(0, 30, 10):
            await desk.outbox.add(events[start : start + 10], now=NOW + timedelta(seconds=start))

        assert await desk.relay.relay_once() == 30

        assert as_sent(await desk.lying_in_kafka()) == as_sent(events)
        assert await desk.outbox.count() == 0
        assert await desk.relay.relay_once() == 0

    async def test_repeats_the_identical_bytes_after_a_crash_before_the_removal(self, desk: NoteDesk) -> None:
        await desk.outbox.add([desk.notes.draw(READ, {"patient": "p"}, now=NOW)], now=NOW)
        crashing = Relay(_NotRemoving(desk.database), producer=desk.producer, owner="one", relayed=lambda _: None)

        with pytest.raises(MongoError):
            await crashing.relay_once()
        assert await desk.outbox.count() == 1
        await desk.relay.relay_once()

        first, second = await desk.lying_in_kafka()
        assert as_sent([first]) == as_sent([second])

    async def test_keeps_what_was_not_acknowledged(self, desk: NoteDesk, without_kafka: NoteDesk) -> None:
        await desk.outbox.add([an_event(desk.topic, 1)], now=NOW)

        with pytest.raises(Exception, match="made anew"):
            await without_kafka.relay.relay_once()

        assert await desk.outbox.count() == 1

    async def test_is_held_by_one_and_passes_on_when_its_holder_is_silent(self, desk: NoteDesk) -> None:
        assert await desk.outbox.hold_relay("one", now=NOW)
        assert not await desk.outbox.hold_relay("two", now=NOW)
        assert await desk.outbox.hold_relay("one", now=NOW + timedelta(seconds=4))
        assert not await desk.outbox.hold_relay("two", now=NOW + timedelta(seconds=8))

        assert await desk.outbox.hold_relay("two", now=NOW + timedelta(seconds=10))
        assert not await desk.outbox.hold_relay("one", now=NOW + timedelta(seconds=11))

    async def test_of_two_processes_sends_everything_once(self, desk: NoteDesk) -> None:
        outboxes = [Outbox(desk.database) for _ in range(2)]
        relays = [Relay(outbox, producer=desk.producer, owner=f"r{n}", relayed=lambda _: None) for n, outbox in enumerate(outboxes)]
        tasks = [asyncio.create_task(relay.run()) for relay in relays]
        events = [an_event(desk.topic, number) for number in range(40)]
        for number, event in enumerate(events):
            await outboxes[number % 2].add([event], now=utc_now())

        await eventually(_empty(desk.outbox))
        holding = [relay.holding for relay in relays]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

        assert [record.value for record in await desk.lying_in_kafka()] == [event.value for event in events]
        assert holding.count(True) == 1


class TestNotes:
    async def test_are_acknowledged_by_kafka_before_they_count_as_kept(self, desk: NoteDesk) -> None:
        (note,) = await desk.keep()

        (record,) = await desk.lying_in_kafka()
        assert as_sent([record]) == as_sent([note])
        assert await desk.outbox.count() == 0
        value = orjson.loads(record.value)
        assert (value["number"], value["incarnation"], value["site"], value["patient"]) == (1, desk.notes.incarnation, "nord", "p0")
        assert dict(record.headers)["ce_number"] == b"1"

    async def test_have_numbers_without_gaps_whichever_way_they_went(self, desk: NoteDesk, without_kafka: NoteDesk) -> None:
        await desk.keep(100)
        up, desk.notes._gathered.producer = desk.notes.producer, without_kafka.producer
        await desk.keep(50)
        desk.notes._gathered.producer = up
        desk.notes.relayed(desk.topic.name)
        await desk.keep(50)
        await desk.relay.relay_once()

        assert sorted(one["number"] for one in await desk.said()) == list(range(1, 201))

    async def test_have_an_id_and_a_salt_of_their_own(self, desk: NoteDesk) -> None:
        drawn = [orjson.loads(desk.notes.draw(READ, {}, now=NOW).value or b"") for _ in range(100)]

        assert len({one["id"] for one in drawn}) == len({one["salt"] for one in drawn}) == 100

    async def test_that_were_cancelled_on_their_way_are_rescued_under_their_number(self, desk: NoteDesk) -> None:
        note = desk.notes.draw(READ, {}, now=NOW)
        keeping = asyncio.create_task(desk.notes.keep(note))
        await asyncio.sleep(0)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await desk.notes.rescue()

        assert await desk.kept_in_outbox() == [note]

    async def test_are_refused_when_too_many_wait(self, desk: NoteDesk) -> None:
        desk.notes._stranded.extend([an_event(desk.topic, 0)] * 1000)

        with pytest.raises(NoteNotKeptError):
            desk.notes.draw(READ, {}, now=NOW)

    async def test_wait_in_the_outbox_while_kafka_is_frozen_and_return_to_it_later(self, own_kafka: OwnKafka, database: Any) -> None:
        producer = await open_producer(own_kafka.desk.connection, client_id="tests")
        desk = a_desk(own_kafka.desk, database, producer)
        await desk.keep()
        own_kafka.broker.pause()
        waits = [await _seconds(desk.keep()) for _ in range(4)]
        assert not desk.notes.breaker_open
        waits += [await _seconds(desk.keep()) for _ in range(3)]
        assert desk.notes.breaker_open
        kept = await desk.kept_in_outbox()
        own_kafka.broker.resume()
        await eventually(lambda: _relayed(desk))
        await desk.keep()
        assert not desk.notes.breaker_open
        await producer.stop()

        assert all(0.24 < wait < 0.5 for wait in waits[:5])
        assert all(wait < 0.15 for wait in waits[5:])
        assert [note.number for note in kept] == [2, 3, 4, 5, 6, 7, 8]
        assert await desk.outbox.count() == 0
        said = await desk.said()
        assert {one["number"] for one in said} == set(range(1, 10))
        assert len({orjson.dumps(one) for one in said}) == 9

    async def test_are_not_kept_when_both_are_gone_and_are_rescued_later(self, stack: Stack, without_kafka: NoteDesk) -> None:
        async with _cuttable(stack, without_kafka.database.name) as (wire, cut):
            notes = Notes(without_kafka.topic, source="/t", about={}, producer=without_kafka.producer, outbox=Outbox(cut))
            note = notes.draw(READ, {"patient": "p"}, now=NOW)
            await notes.outbox.count()
            wire.cut()
            with pytest.raises(NoteNotKeptError):
                await notes.keep(note)
            with pytest.raises(MongoError):
                await notes.rescue()
            wire.mend()
            await notes.rescue()
            await notes.rescue()

        assert await without_kafka.kept_in_outbox() == [note]


class TestSettleLater:
    @pytest.mark.parametrize("committed", [True, False])
    async def test_leaves_one_note_under_the_number(self, desk: NoteDesk, mongo: Mongo, committed: bool) -> None:
        note = desk.notes.draw(READ, {"outcome": "answered"}, now=NOW)
        otherwise = desk.notes.redraw(note, {"outcome": "unreadable"}, now=NOW)
        if committed:
            await mongo.transact(lambda session: desk.outbox.add([note], now=NOW, session=session))
        desk.notes.settle_later([(note, otherwise)], lambda: desk.outbox.holds(note.ident), after=0)
        await asyncio.sleep(0.01)

        await desk.notes.rescue()
        await desk.notes.rescue()

        assert await desk.kept_in_outbox() == [note if committed else otherwise]
        assert otherwise.number == note.number == 1
        assert otherwise.ident != note.ident

    async def test_waits_until_the_end_can_be_read_back(self, desk: NoteDesk) -> None:
        note = desk.notes.draw(READ, {}, now=NOW)
        desk.notes.settle_later([(note, note)], lambda: desk.outbox.holds(note.ident), after=60)

        await desk.notes.rescue()
        await desk.notes.beat()

        assert await desk.outbox.count() == 0
        assert await desk.beats() == [("alive", 1, 2)]


class TestHeartbeat:
    async def test_names_the_lowest_number_that_may_be_missing(self, desk: NoteDesk) -> None:
        await desk.notes.beat()
        await desk.keep(2)
        third, fourth = (desk.notes.draw(READ, {}, now=NOW) for _ in range(2))
        await desk.notes.keep(fourth)
        await desk.notes.beat()
        await desk.outbox.add([third], now=NOW, incarnation=desk.notes.incarnation)
        desk.notes.landed(third)
        await desk.notes.beat()
        await desk.relay.relay_once()
        await desk.notes.beat(leaving=True)

        assert await desk.beats() == [("alive", 1, 1), ("alive", 3, 5), ("alive", 3, 5), ("left", 5, 5)]

    async def test_carries_no_number_of_its_own(self, desk: NoteDesk) -> None:
        await desk.notes.beat()

        (record,) = await desk.lying_in_kafka()
        assert "ce_number" not in dict(record.headers)
        assert record.key == desk.notes.incarnation.encode()

    async def test_of_presence_says_alive_and_left(self, desk: NoteDesk) -> None:
        presence = Presence(desk.database, notes=desk.notes, relay=desk.relay, instance="nord-a")
        rows = desk.database.get_collection("incarnations")
        running = asyncio.create_task(presence.run())
        await eventually(desk.beats)
        assert (await rows.find_one({"_id": desk.notes.incarnation}))["instance"] == "nord-a"
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await presence.leave()

        states = [state for state, _, _ in await desk.beats()]
        assert states == ["alive"] * (len(states) - 1) + ["left"]
        assert await rows.count_documents({}) == 0

    async def test_speaks_for_the_dead_once_their_outbox_is_empty(self, desk: NoteDesk) -> None:
        presence = Presence(desk.database, notes=desk.notes, relay=desk.relay, instance="nord-a")
        rows = desk.database.get_collection("incarnations")
        await rows.insert_many([{"_id": "silent", "beats": 3}, {"_id": "beating", "beats": 3}])
        left_behind = dataclasses.replace(desk.notes.draw(READ, {}, now=NOW), key=b"silent")
        await desk.outbox.add([left_behind], now=NOW, incarnation="silent")

        await presence._bury_the_dead()
        long_ago = asyncio.get_running_loop().time() - 13
        presence._standing_still = {"silent": (3, long_ago), "beating": (2, long_ago)}
        await presence._bury_the_dead()
        assert await desk.beats() == []
        await desk.relay.relay_once()
        await presence._bury_the_dead()
        await presence._bury_the_dead()

        assert [(one["incarnation"], one["state"]) for one in await desk.said() if "state" in one] == [("silent", "dead")]
        assert [row["_id"] for row in await rows.find({}).to_list(length=None)] == ["beating"]


class _NotRemoving(Outbox):
    """The process ends right after the acknowledgement."""

    async def remove(self, _idents: Any) -> None:
        raise MongoError("killed")


def _empty(outbox: Outbox) -> Any:
    async def look() -> bool:
        return await outbox.count() == 0

    return look


async def _relayed(desk: NoteDesk) -> bool:
    try:
        await desk.relay.relay_once()
    except TimeoutError:
        return False
    return await desk.outbox.count() == 0


async def _seconds(work: Any) -> float:
    began = asyncio.get_running_loop().time()
    await work
    return asyncio.get_running_loop().time() - began


@asynccontextmanager
async def _cuttable(stack: Stack, name: str) -> AsyncIterator[tuple[Any, Any]]:
    """The same database by a way that can be cut."""
    parts = urlsplit(stack.servers.mongodb_uri)
    async with open_wire(parts.hostname or "", parts.port or 27017) as wire:
        uri = stack.servers.mongodb_uri.replace(f":{parts.port}/", f":{wire.port}/")
        mongo = open_mongo(uri, driver="pymongo")  # Motor closes by blocking the loop, on which the way itself runs
        yield wire, mongo.database(name)
        await mongo.close()
