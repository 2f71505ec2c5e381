"""Follows a log as long as the process lives, and judges what comes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.audit.detecting.detect import DetectionDesk, ReadingInDoubtError, Watch, judge, take_up
from services.audit.measures import BEHIND, JUDGED
from shared.clock import utc_now
from shared.kafka import KafkaConnection, open_follower
from shared.mongo import MongoError

log = structlog.get_logger("serment.audit")
DELAYS = (MongoError, KafkaError, ReadingInDoubtError, TimeoutError, UnicodeDecodeError)
"""The last is a header's name that is not UTF-8, which no client here can hand over: the sequencer stops there too, and calls a person."""
_POLL_MS = 250
_LARGEST_BATCH = 500
_KEPT_EVERY = 1.0
_LOOK_AROUND = 15.0


@dataclass(slots=True)
class _Reading:
    """One consumer, and what was read by it."""

    consumer: AIOKafkaConsumer
    partition: TopicPartition
    watch: Watch
    fetched_at: float
    kept: int | None = None
    kept_at: float = 0.0


class DetectionLoop:
    """Belongs to no consumer group: two processes at once find the same suspicions under the same ids, and each is raised once."""

    def __init__(self, desk: DetectionDesk, *, connection: KafkaConnection) -> None:
        self._desk = desk
        self._connection = connection
        self._behind_since: float | None = None
        BEHIND.labels(desk.log.topic).set_function(self.seconds_behind)

    def seconds_behind(self) -> float:
        """How old the last record is that was judged, while others wait."""
        return 0.0 if self._behind_since is None else max(0.0, utc_now().timestamp() - self._behind_since)

    async def run(self) -> None:
        """Until cancelled; a failure of MongoDB or Kafka only delays."""
        while True:
            try:
                async with self._reading() as reading:
                    await self._follow(reading)
            except DELAYS as error:
                log.warning("audit.detection-delayed", log=self._desk.log.topic, error=type(error).__name__)
                await asyncio.sleep(1)

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[_Reading]:
        topic = self._desk.log.topic
        partition = TopicPartition(topic, 0)
        consumer = await open_follower(self._connection, topic, beginning=True)
        try:
            [beginning] = (await consumer.beginning_offsets([partition])).values()
            [end] = (await consumer.end_offsets([partition])).values()
            watch = await take_up(beginning=beginning, end=end, desk=self._desk)
            consumer.seek(partition, watch.next)
            log.info("audit.detection-taken-up", log=topic, offset=watch.next, next_offset=watch.following)
            yield _Reading(consumer, partition, watch, fetched_at=_now())
        finally:
            await consumer.stop()

    async def _follow(self, reading: _Reading) -> None:
        consumer, partition = reading.consumer, reading.partition
        while True:
            fetched = await consumer.getmany(partition, timeout_ms=_POLL_MS, max_records=_LARGEST_BATCH)
            for batch in fetched.values():
                JUDGED.labels(self._desk.log.topic).inc(await judge(batch, reading.watch, now=utc_now(), desk=self._desk))
                caught_up = batch[-1].offset + 1 >= (consumer.highwater(partition) or 0)
                self._behind_since = None if caught_up else batch[-1].timestamp / 1000
            await self._keep(reading)
            if fetched:
                reading.fetched_at = _now()
            elif _now() - reading.fetched_at > _LOOK_AROUND:
                await self._look_around(reading)
            await asyncio.sleep(0)  # a backlog lets others have their turn

    async def _look_around(self, reading: _Reading) -> None:
        """A consumer that hands over nothing although something is there is opened anew (aiokafka #1154). Raises ReadingInDoubtError."""
        [end] = (await reading.consumer.end_offsets([reading.partition])).values()
        if end != reading.watch.next:
            raise ReadingInDoubtError
        reading.fetched_at = _now()

    async def _keep(self, reading: _Reading) -> None:
        """At most once a second, after the suspicions that the position covers."""
        now = _now()
        if now - reading.kept_at < _KEPT_EVERY or reading.kept == reading.watch.following:
            return
        position = reading.watch.position()
        if position is not None:
            reading.kept, reading.kept_at = position.following, now
            await self._desk.positions.keep(self._desk.log, position, now=utc_now())


def _now() -> float:
    return asyncio.get_running_loop().time()
