"""Proves the door on a real Kafka: nothing is lost, nothing spins, and what cannot be handled is parked with its reason."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaTimeoutError, RebalanceInProgressError
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from structlog.testing import capture_logs

from shared.clock import utc_now
from shared.event_door import EventDoor
from shared.events import EventRecord
from shared.events.records import ChartChanged
from shared.kafka import Producer, open_producer
from tests.shared.door_desk import DoorDesk, a_desk
from tests.shared.kafka_desk import Header, KafkaDesk, a_change, chart_changed_on, eventually

CANARY = "Jeanne-Canari-1980"
KNOWN: list[Header] = [("ce_type", ChartChanged.type.encode())]
WHOLE = orjson.dumps(a_change())


@pytest.fixture(scope="module")
async def producer(kafka: KafkaDesk) -> AsyncIterator[Producer]:
    opened = await open_producer(kafka.connection, client_id="tests")
    yield opened
    await opened.stop()


@pytest.fixture
def desk(kafka: KafkaDesk, producer: Producer) -> DoorDesk:
    return a_desk(kafka, producer)


class TestUnreadable:
    @pytest.mark.parametrize(
        ("value", "headers", "reason"),
        [
            (CANARY.encode(), KNOWN, "UnreadableEventError"),
            (CANARY.encode(), [*KNOWN, ("content-type", b"application/json")], "UnreadableEventError"),
            (b"\xff\xfe", KNOWN, "UnreadableEventError"),
            (b"[]", KNOWN, "UnreadableEventError"),
            (orjson.dumps({"patient": CANARY, "site": "nord", "revision": CANARY}), KNOWN, "UnreadableEventError"),
            (None, KNOWN, "UnreadableEventError"),
            (WHOLE, [*KNOWN, ("name", b"\xff\xfe")], "UnicodeDecodeError"),
            (WHOLE, [("ce_type", b"\xff\xfe")], "UnicodeDecodeError"),
            (WHOLE, [("ce_type", None)], "UnreadableEventError"),
            (WHOLE, [("name", b"value")], "UnreadableEventError"),
            (WHOLE, [], "UnreadableEventError"),
        ],
        ids=["text", "not-json", "not-utf8", "a-list", "wrong-field", "null", "bad-header", "bad-type", "null-type", "no-type", "bare"],
    )
    async def test_is_parked_as_it_was_and_passed_by(
        self, desk: DoorDesk, value: bytes | None, headers: Sequence[Header], reason: str
    ) -> None:
        desk.kafka.put(desk.topic.name, value, key=b"a-key", headers=headers)
        desk.kafka.put(desk.topic.name, WHOLE, key=b"a-key", headers=KNOWN)

        async with desk.open():
            await eventually(lambda: desk.revisions == [1])
            (record,) = await desk.parked(1)
            await desk.committed(2)

        origin = [
            ("parked_reason", reason.encode()),
            ("parked_group", desk.group.encode()),
            ("parked_origin", f"{desk.topic.name}/0/0".encode()),
        ]
        assert (record.key, record.value) == (b"a-key", value)
        assert list(record.headers) == [*headers, *origin]

    async def test_spares_a_null_header_that_nobody_needs(self, desk: DoorDesk) -> None:
        desk.kafka.put(desk.topic.name, WHOLE, headers=[("correlation_id", None), *KNOWN])

        async with desk.open():
            await eventually(lambda: desk.revisions == [1])

    async def test_is_parked_even_when_parking_fails_at_first(self, desk: DoorDesk) -> None:
        desk.kafka.put(desk.topic.name, CANARY.encode(), headers=KNOWN)
        async with desk.open() as door:
            await desk.committed(1)
            door._producer = _FailingOnce(door._producer)  # type: ignore[assignment]
            desk.kafka.put(desk.topic.name, b"another", headers=KNOWN)
            await eventually(lambda: door._producer.failed)  # type: ignore[union-attr]
            await desk.state(7)
            await eventually(lambda: desk.revisions == [7])
            await desk.committed(3)

            assert [record.value for record in await desk.kafka.lying_in(f"{desk.topic.name}.parked")] == [CANARY.encode(), b"another"]


class TestHandler:
    async def test_is_tried_five_times_then_its_message_is_parked_and_the_next_ones_go_on(self, desk: DoorDesk) -> None:
        tries: Counter[int] = Counter()
        offsets_meanwhile: list[int] = []

        async def fail_on_two(event: ChartChanged) -> None:
            tries[event.revision] += 1
            if event.revision == 2:
                offsets_meanwhile.append(await desk.kafka.committed(desk.group, desk.topic.name))
                raise RuntimeError(CANARY)

        desk.also = fail_on_two
        await desk.state(1, 2, 3)
        async with desk.open():
            (record,) = await desk.parked(1)
            await eventually(lambda: tries[3])
            await desk.committed(3)

        assert tries == {1: 1, 2: 5, 3: 1}
        assert offsets_meanwhile == [0] * 5
        told = dict(record.headers)
        assert told["parked_reason"] == b"RuntimeError"
        assert told["parked_origin"] == f"{desk.topic.name}/0/1".encode()
        assert told["ce_type"] == ChartChanged.type.encode()
        assert orjson.loads(record.value)["revision"] == 2

    async def test_that_recovers_parks_nothing(self, desk: DoorDesk) -> None:
        async def fail_once(_event: ChartChanged) -> None:
            if len(desk.taken) == 1:
                raise ConnectionError

        desk.also = fail_once
        await desk.state(1)
        async with desk.open():
            await eventually(lambda: desk.revisions == [1, 1])
            await desk.committed(1)

        assert await desk.kafka.lying_in(f"{desk.topic.name}.parked") == []

    async def test_takes_each_keys_events_in_their_order(self, kafka: KafkaDesk, producer: Producer) -> None:
        desk = a_desk(kafka, producer, partitions=3)
        sends = [
            await producer.send(chart_changed_on(desk.topic)(**a_change(f"p{n % 10}", n)).to_record(source="/tests", now=utc_now()))
            for n in range(300)
        ]
        await asyncio.gather(*sends)

        async with desk.open():
            await eventually(lambda: len(desk.taken) == 300)

        for patient in {event.patient for event in desk.taken}:
            seen = [event.revision for event in desk.taken if event.patient == patient]
            assert seen == sorted(seen)
        assert sorted(desk.revisions) == list(range(300))

    async def test_is_not_asked_about_types_that_nobody_here_joined(self, desk: DoorDesk) -> None:
        desk.kafka.put(desk.topic.name, CANARY.encode(), headers=[("ce_type", b"org.serment.records.chart-admired.v9")])
        await desk.state(1)

        async with desk.open():
            await eventually(lambda: desk.revisions == [1])
            await desk.committed(2)

        assert await desk.kafka.lying_in(f"{desk.topic.name}.parked") == []

    async def test_answers_to_no_topic_that_a_message_chose(self, desk: DoorDesk) -> None:
        chosen = desk.kafka.topic(parked=False)
        headers = [*KNOWN, ("reply_to", chosen.name.encode()), ("correlation_id", b"c")]
        desk.kafka.put(desk.topic.name, WHOLE, headers=headers)

        async with desk.open():
            await desk.committed(1)

        assert desk.revisions == [1]
        assert await desk.kafka.lying_in(chosen.name) == []

    async def test_learns_of_an_event_within_300_ms_after_a_pause(self, desk: DoorDesk) -> None:
        arrived = asyncio.Event()

        async def tell(_event: ChartChanged) -> None:
            arrived.set()

        desk.also = tell
        async with desk.open():
            await desk.state(0)
            await eventually(lambda: desk.taken)
            waits = []
            for number, pause in enumerate((0.5, 0.8, 1.2), start=1):
                await asyncio.sleep(pause)
                arrived.clear()
                began = time.monotonic()
                await desk.state(number)
                async with asyncio.timeout(5):
                    await arrived.wait()
                waits.append(time.monotonic() - began)

        assert max(waits) < 0.3


class TestRebalance:
    async def test_in_the_middle_of_a_batch_loses_no_effect(self, kafka: KafkaDesk, producer: Producer) -> None:
        desk = a_desk(kafka, producer, partitions=2)
        held, go = asyncio.Event(), asyncio.Event()

        async def hold(_event: ChartChanged) -> None:
            held.set()
            await go.wait()

        desk.also = hold
        for number in range(12):
            await desk.state(number, patient=f"p{number}")
        async with desk.open(), _second(desk, held) as second:
            await second
            go.set()
            await eventually(lambda: set(desk.revisions) == set(range(12)))
            for number in range(12, 24):
                await desk.state(number, patient=f"p{number}")
            await eventually(lambda: set(desk.revisions) == set(range(24)))
            ends = Counter(record.partition for record in await kafka.lying_in(desk.topic.name, partitions=2))
            for partition, count in ends.items():
                await desk.committed(count, partition)

    @pytest.mark.parametrize("error", [CommitFailedError, IllegalStateError, RebalanceInProgressError, KafkaTimeoutError])
    async def test_or_any_failed_commit_leaves_no_partition_out(self, desk: DoorDesk, error: type[Exception]) -> None:
        """One batch of two partitions; the position is past both, so what is not taken now is never taken."""

        class Consumer:
            async def commit(self, _offsets: Any) -> None:
                raise error

        door = EventDoor(desk.kafka.connection, group=desk.group)
        door.subscriber(chart_changed_on(desk.topic))(desk.handle)
        records = [
            SimpleNamespace(partition=n, offset=0, key=b"k", headers=KNOWN, value=orjson.dumps(a_change(revision=n))) for n in (0, 1)
        ]

        await asyncio.gather(door._take(desk.topic.name, SimpleNamespace(raw_message=records, consumer=Consumer())), return_exceptions=True)

        assert desk.revisions == [0, 1]

    async def test_by_a_restart_repeats_only_what_was_not_committed(self, desk: DoorDesk) -> None:
        await desk.state(1, 2)
        async with desk.open():
            await desk.committed(2)
        await desk.state(3)
        async with desk.open():
            await desk.committed(3)

        assert desk.revisions == [1, 2, 3]


class TestSecrecy:
    async def test_leaves_no_key_value_or_text_of_an_error_anywhere(
        self,
        desk: DoorDesk,
        spans: InMemorySpanExporter,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        caplog.set_level(logging.INFO)

        async def fail(event: ChartChanged) -> None:
            if len(desk.taken) == 1:
                raise ValueError(f"{CANARY} {event}")

        desk.also = fail
        wrong = orjson.dumps({"patient": CANARY, "site": CANARY, "revision": CANARY})
        with capture_logs() as logged:
            for value in (CANARY.encode(), wrong, orjson.dumps(a_change(CANARY))):
                desk.kafka.put(desk.topic.name, value, key=CANARY.encode(), headers=[*KNOWN, ("name", CANARY.encode())])
            async with desk.open():
                await desk.committed(3)

        assert [one["event"] for one in logged].count("event.parked") == 2
        assert spans.get_finished_spans()
        told = "".join(span.to_json() for span in spans.get_finished_spans())
        assert CANARY not in f"{told} {logged} {caplog.text} {capfd.readouterr()}"


class TestProducer:
    async def test_is_made_anew_when_it_lost_its_sequence(self, kafka: KafkaDesk) -> None:
        from aiokafka.errors import OutOfOrderSequenceNumber

        topic = kafka.topic(parked=False)
        producer = await open_producer(kafka.connection, client_id="tests")
        lost = producer._inner
        record = EventRecord("", topic.name, b"k", [], b"v")

        producer.doubt(KafkaTimeoutError())
        assert producer._inner is lost
        producer.doubt(OutOfOrderSequenceNumber())
        producer.doubt(OutOfOrderSequenceNumber())
        await eventually(lambda: producer._inner not in {None, lost})
        await producer.send_and_wait(record)
        await producer.stop()

        assert [one.value for one in await kafka.lying_in(topic.name)] == [b"v"]


@asynccontextmanager
async def _second(desk: DoorDesk, held: asyncio.Event) -> AsyncIterator["asyncio.Task[None]"]:
    """Another process of the same group, which comes while the first one is at work."""
    async with asyncio.timeout(10):
        await held.wait()
    door = EventDoor(desk.kafka.connection, group=desk.group)
    door.subscriber(chart_changed_on(desk.topic))(desk.handle)
    try:
        yield asyncio.create_task(door.start())
    finally:
        await door.stop()


class _FailingOnce:
    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.failed = False

    async def send_and_wait(self, record: EventRecord) -> None:
        if not self.failed:
            self.failed = True
            raise KafkaTimeoutError
        await self.inner.send_and_wait(record)

    def doubt(self, error: BaseException) -> None:
        self.inner.doubt(error)

    async def stop(self) -> None:
        await self.inner.stop()
