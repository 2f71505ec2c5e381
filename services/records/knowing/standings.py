"""Knows the standing of all staff: a mirror in memory of `governance`'s compacted topic, believed while `governance` is heard."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.records.model import Standing
from shared.clock import utc_now
from shared.events import UnreadableEventError
from shared.events.governance import GovernanceHeard, StandingChanged
from shared.events.topics import GOVERNANCE_STANDING
from shared.kafka import KafkaConnection, header_map, open_follower

log = structlog.get_logger("serment.standings")
_POLL_MS = 500


def _since_boot() -> float:
    """Never set, and counts while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Standings:
    """The newest revision of each wins; replays and reorders change nothing."""

    def __init__(
        self,
        connection: KafkaConnection,
        *,
        silence_bound: timedelta,
        topic: str = GOVERNANCE_STANDING.name,
        elapsed: Callable[[], float] = _since_boot,
    ) -> None:
        self._connection = connection
        self._bound = silence_bound.total_seconds()
        self._partition = TopicPartition(topic, 0)
        self._elapsed = elapsed
        self._standings: dict[str, Standing] = {}
        self._revisions: dict[str, int] = {}
        self._next: int | None = None
        self._whole = False
        self._spoken_at = float("-inf")

    def of(self, staff: str) -> Standing | None:
        """None for whoever is unknown, and for whom the newest word cannot be read."""
        return self._standings.get(staff)

    def heard(self) -> bool:
        """Whether the topic was read to its end once, and `governance` spoke within the bound."""
        return self._whole and self._elapsed() - self._spoken_at <= self._bound

    async def run(self) -> None:
        """Until cancelled; Kafka being down only delays."""
        while True:
            consumer = await open_follower(self._connection, self._partition.topic, beginning=True)
            try:
                await self._follow(consumer)
            except (
                KafkaError,
                TimeoutError,
                UnicodeDecodeError,
            ) as error:  # of a header's name: no client here can hand such a record over
                log.warning("standings.delayed", error=type(error).__name__)
                await asyncio.sleep(1)
            finally:
                await consumer.stop()

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        """Returns when nothing came for half the bound: a connection that looks alive may not be."""
        if self._next is not None:
            consumer.seek(self._partition, self._next)
        end = (await consumer.end_offsets([self._partition]))[self._partition]
        came_at = self._elapsed()
        while self._elapsed() - came_at <= self._bound / 2:
            found = await consumer.getmany(self._partition, timeout_ms=_POLL_MS)
            for record in found.get(self._partition, ()):
                self.take(record, now=utc_now())
                came_at = self._elapsed()
            self._whole = self._whole or await consumer.position(self._partition) >= end

    def take(self, record: Any, *, now: datetime) -> None:
        """What cannot be read makes whom it is about unknown, until a newer revision comes."""
        self._next = record.offset + 1
        age = max(0.0, now.timestamp() - record.timestamp / 1000)
        self._spoken_at = max(self._spoken_at, self._elapsed() - age)
        if header_map(record.headers).get("ce_type") == GovernanceHeard.type.encode():
            return
        try:
            self._learn(_stated(record))
        except UnreadableEventError:
            log.critical("standings.unreadable", offset=record.offset)
            self._standings.pop((record.key or b"").decode(errors="replace"), None)

    def _learn(self, event: StandingChanged) -> None:
        if event.revision > self._revisions.get(event.staff, -1):
            self._revisions[event.staff] = event.revision
            self._standings[event.staff] = Standing(event.revision, event.active, event.duties)


def _stated(record: Any) -> StandingChanged:
    """Raises UnreadableEventError: also for a type unknown here, another one's key, and a date without its time zone."""
    event = StandingChanged.from_value(record.value)
    known = header_map(record.headers).get("ce_type") == StandingChanged.type.encode()
    if not known or record.key != event.staff.encode() or any(until.tzinfo is None for until in event.duties.values()):
        raise UnreadableEventError("not a standing of the staff member whose key it has")
    return event
