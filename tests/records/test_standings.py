"""The mirror of `governance`'s standings: what it believes, whom, and for how long."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from services.records.knowing.standings import Standings
from services.records.model import Standing
from shared.background import end_tasks
from shared.clock import utc_now
from shared.events import EventRecord
from shared.events.governance import GovernanceHeard, StandingChanged
from shared.kafka import KafkaConnection, open_producer
from tests.shared.kafka_desk import KafkaDesk, desk_of, eventually

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
BOUND = timedelta(minutes=10)
NOWHERE = KafkaConnection(["127.0.0.1:1"], "nobody", "none")
DUTIES = {"privacy-basics": NOW + timedelta(days=365)}


@dataclass
class FakeRecord:
    """One Kafka record as aiokafka hands it over."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    timestamp: int = int(NOW.timestamp() * 1000)
    offset: int = field(default_factory=itertools.count().__next__)


def a_standing(staff: str = "d", revision: int = 1, *, active: bool = True, **more: Any) -> FakeRecord:
    duties = more.pop("duties", DUTIES)
    made = StandingChanged(staff=staff, revision=revision, active=active, duties=duties).to_record(source="/governance", now=NOW)
    return FakeRecord(made.key, made.value, made.headers, **more)


def a_heartbeat(*, ago: float = 0.0) -> FakeRecord:
    made = GovernanceHeard(sent_at=NOW).to_record(source="/governance", now=NOW)
    return FakeRecord(made.key, made.value, made.headers, timestamp=int((NOW.timestamp() - ago) * 1000))


@dataclass
class Clock:
    """Seconds since boot."""

    at: float = 5000.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Mirror:
    """A mirror without a Kafka, that has read its topic to the end."""

    clock: Clock
    standings: Standings

    def takes(self, *records: FakeRecord) -> None:
        for record in records:
            self.standings.take(record, now=NOW + timedelta(seconds=self.clock.at - 5000.0))


@pytest.fixture
def mirror() -> Mirror:
    clock = Clock()
    standings = Standings(NOWHERE, silence_bound=BOUND, elapsed=clock)
    standings._whole = True
    return Mirror(clock, standings)


class TestOf:
    def test_knows_nobody_before_anything_was_said(self, mirror: Mirror) -> None:
        assert mirror.standings.of("d") is None

    def test_is_what_was_stated(self, mirror: Mirror) -> None:
        mirror.takes(a_standing("d", 3, active=False))

        assert mirror.standings.of("d") == Standing(3, active=False, duties=DUTIES)
        assert mirror.standings.of("e") is None

    @given(st.permutations([(staff, revision) for staff in "de" for revision in range(1, 5)]), st.data())
    def test_is_not_changed_by_replays_and_reorders(self, stated: list[tuple[str, int]], data: st.DataObject) -> None:
        standings = Standings(NOWHERE, silence_bound=BOUND)
        again = data.draw(st.lists(st.sampled_from(stated), max_size=8))

        for staff, revision in [*stated, *again]:
            standings.take(a_standing(staff, revision), now=NOW)

        assert [standings.of(staff) for staff in "de"] == [Standing(4, duties=DUTIES)] * 2

    def test_lapses_by_time_alone(self, mirror: Mirror) -> None:
        mirror.takes(a_standing(duties={"privacy-basics": NOW}))
        standing = mirror.standings.of("d")

        assert standing is not None
        assert standing.lapsed(NOW - timedelta(seconds=1)) == []
        assert standing.lapsed(NOW) == ["privacy-basics"]


def with_header(type_: str) -> FakeRecord:
    record = a_standing("d", 2)
    record.headers = [("ce_type", type_.encode())]
    return record


UNREADABLE = {
    "no value": FakeRecord(b"d", None, a_standing().headers),
    "no JSON": FakeRecord(b"d", b"{", a_standing().headers),
    "another form": FakeRecord(b"d", b'{"staff": "d", "revision": 2}', a_standing().headers),
    "another's key": FakeRecord(b"d", a_standing("e", 2).value, a_standing().headers),
    "another type": with_header("org.serment.governance.standing-changed.v2"),
    "no type": FakeRecord(b"d", a_standing("d", 2).value, []),
    "a date without a time zone": a_standing("d", 2, duties={"privacy-basics": datetime(2027, 1, 1)}),  # noqa: DTZ001
}


class TestUnreadable:
    @pytest.mark.parametrize("record", UNREADABLE.values(), ids=UNREADABLE)
    def test_makes_whom_it_is_about_unknown_and_nobody_else(self, mirror: Mirror, record: FakeRecord) -> None:
        mirror.takes(a_standing("d", 1), a_standing("e", 1))

        with capture_logs() as logged:
            mirror.takes(record)

        assert mirror.standings.of("d") is None
        assert mirror.standings.of("e") == Standing(1, duties=DUTIES)
        assert [(one["event"], sorted(one)) for one in logged] == [("standings.unreadable", ["event", "log_level", "offset"])]

    def test_lasts_until_a_newer_revision_comes(self, mirror: Mirror) -> None:
        mirror.takes(a_standing("d", 4), FakeRecord(b"d", b"{", []), a_standing("d", 4), a_standing("d", 3))
        assert mirror.standings.of("d") is None

        mirror.takes(a_standing("d", 5))
        assert mirror.standings.of("d") == Standing(5, duties=DUTIES)

    @pytest.mark.parametrize("key", [None, b"\xff\xfe", b""])
    def test_under_no_key_changes_nobody(self, mirror: Mirror, key: bytes | None) -> None:
        mirror.takes(a_standing("d"))

        with capture_logs() as logged:
            mirror.takes(FakeRecord(key, b"{", []))

        assert mirror.standings.of("d") is not None
        assert [one["event"] for one in logged] == ["standings.unreadable"]


class TestHeard:
    def test_is_false_before_anything_was_said(self, mirror: Mirror) -> None:
        assert not mirror.standings.heard()

    def test_is_false_before_the_topic_was_read_to_its_end(self, mirror: Mirror) -> None:
        mirror.standings._whole = False
        mirror.takes(a_heartbeat())

        assert not mirror.standings.heard()

    @pytest.mark.parametrize(
        "record", [a_heartbeat(), a_standing(), FakeRecord(b"d", b"{", [])], ids=["heartbeat", "standing", "unreadable"]
    )
    def test_lasts_as_long_as_the_bound_after_any_word(self, mirror: Mirror, record: FakeRecord) -> None:
        mirror.takes(record)

        mirror.clock.at += BOUND.total_seconds()
        assert mirror.standings.heard()

        mirror.clock.at += 0.001
        assert not mirror.standings.heard()

    def test_begins_again_with_the_next_word(self, mirror: Mirror) -> None:
        mirror.takes(a_heartbeat())
        mirror.clock.at += 3600

        mirror.takes(a_heartbeat(ago=-3600))

        assert mirror.standings.heard()

    @pytest.mark.parametrize(("ago", "heard"), [(0, True), (599, True), (601, False), (86_400, False), (-86_400, True)])
    def test_counts_how_old_a_word_was_when_it_was_read(self, mirror: Mirror, ago: float, heard: bool) -> None:
        mirror.takes(a_heartbeat(ago=ago))

        assert mirror.standings.heard() is heard

    def test_never_lasts_longer_than_the_bound_by_a_word_from_the_future(self, mirror: Mirror) -> None:
        mirror.takes(a_heartbeat(ago=-86_400))
        mirror.clock.at += BOUND.total_seconds() + 1

        assert not mirror.standings.heard()

    def test_is_not_shortened_by_an_old_word_after_a_new_one(self, mirror: Mirror) -> None:
        mirror.takes(a_heartbeat(), a_standing(timestamp=0))

        assert mirror.standings.heard()

    def test_survives_a_timestamp_that_is_none(self, mirror: Mirror) -> None:
        for timestamp in (-1, 2**62):
            mirror.takes(a_standing("d", 9, timestamp=timestamp))

        assert mirror.standings.of("d") is not None


@pytest.fixture(scope="module")
def kafka(servers) -> KafkaDesk:
    return desk_of(servers.kafka)


@pytest.fixture
def topic(kafka: KafkaDesk) -> str:
    return kafka.topic(parked=False).name


async def say(kafka: KafkaDesk, topic: str, *records: FakeRecord) -> None:
    producer = await open_producer(kafka.connection, client_id="test")
    sent = [await producer.send(EventRecord("", topic, one.key, one.headers, one.value)) for one in records]
    await asyncio.gather(*sent)
    await producer.stop()


@asynccontextmanager
async def following(kafka: KafkaDesk, topic: str, **more: Any) -> AsyncIterator[Standings]:
    standings = Standings(kafka.connection, **({"silence_bound": BOUND, "topic": topic} | more))
    task = asyncio.create_task(standings.run())
    try:
        yield standings
    finally:
        await end_tasks([task])


class TestRun:
    async def test_reads_what_was_said_before_and_follows(self, kafka: KafkaDesk, topic: str) -> None:
        await say(kafka, topic, a_standing("d", 1), a_standing("e", 1), a_standing("d", 2), a_heartbeat())

        async with following(kafka, topic) as standings:
            await eventually(standings.heard)
            assert [standings.of(staff).revision for staff in "de"] == [2, 1]  # type: ignore[union-attr]

            await say(kafka, topic, a_standing("d", 3))
            await eventually(lambda: standings.of("d").revision == 3)  # type: ignore[union-attr]

    async def test_knows_everybody_once_it_has_heard(self, kafka: KafkaDesk, topic: str) -> None:
        await say(kafka, topic, *(a_standing(f"staff-{number}") for number in range(2000)), a_heartbeat())

        async with following(kafka, topic) as standings:
            await eventually(standings.heard)

            assert all(standings.of(f"staff-{number}") for number in range(2000))

    async def test_hears_nothing_in_an_empty_topic(self, kafka: KafkaDesk, topic: str) -> None:
        async with following(kafka, topic) as standings:
            await eventually(lambda: standings._whole)

            assert not standings.heard()

    async def test_believes_nobody_any_more_after_a_silence_and_connects_again(self, kafka: KafkaDesk, topic: str) -> None:
        await say(kafka, topic, a_standing("d", 1))

        async with following(kafka, topic, silence_bound=timedelta(seconds=2)) as standings:
            await eventually(standings.heard)
            await eventually(lambda: not standings.heard())
            await asyncio.sleep(2)
            await say(kafka, topic, a_heartbeat())

            await eventually(standings.heard)
            assert standings.of("d") == Standing(1, duties=DUTIES)

    async def test_does_not_take_an_old_word_for_a_new_one_at_start(self, kafka: KafkaDesk, topic: str) -> None:
        producer = await open_producer(kafka.connection, client_id="test")
        hour_ago = int((utc_now() - timedelta(hours=1)).timestamp() * 1000)
        record = a_standing("d")
        await producer._inner.send_and_wait(topic, record.value, key=record.key, headers=record.headers, timestamp_ms=hour_ago)  # type: ignore[union-attr]
        await producer.stop()

        async with following(kafka, topic) as standings:
            await eventually(lambda: standings.of("d"))
            await eventually(lambda: standings._whole)

            assert not standings.heard()

    async def test_goes_on_where_it_was_after_a_cut(self, kafka: KafkaDesk, topic: str) -> None:
        """An unreadable word that a newer one has overtaken is not met again."""
        await say(kafka, topic, FakeRecord(b"d", b"{", []), a_standing("d", 2))

        async with following(kafka, topic, silence_bound=timedelta(seconds=1)) as standings:
            await eventually(lambda: standings.of("d"))
            await asyncio.sleep(2)

            assert standings.of("d") == Standing(2, duties=DUTIES)

    async def test_waits_for_a_kafka_that_is_down(self) -> None:
        standings = Standings(NOWHERE, silence_bound=BOUND)
        task = asyncio.create_task(standings.run())
        await asyncio.sleep(1.5)

        assert not task.done()
        assert not standings.heard()
        await end_tasks([task])
