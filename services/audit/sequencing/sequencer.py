"""Runs one log's sequencer while Kafka's group gives this process the partition."""

import asyncio
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.audit.ledger_store import HeadLostError
from services.audit.model import Head, Incoming, Suspicion
from services.audit.progress import Progress
from services.audit.sequencing.log_door import Assignment, LogDoor
from services.audit.sequencing.sequence_notes import Ledger, sequence_notes, watch_silence
from services.audit.sequencing.take_up_log import LogBrokenError, Memory, check_same_log, take_up_log
from services.audit.suspicions import Suspicions
from services.audit.tile_store import TileStore
from services.audit.topic_ids import TopicUnknownError
from shared.clock import utc_now
from shared.mongo import MongoError
from shared.vault import VaultUnavailableError

log = structlog.get_logger("serment.audit")
DELAYS = (MongoError, KafkaError, VaultUnavailableError, TopicUnknownError, TimeoutError)
_LOOK_AROUND = 15.0
_POLL_MS = 500


@dataclass(frozen=True, slots=True)
class Pace:
    largest_batch: int = 1000
    gathering_pause: timedelta = timedelta(milliseconds=100)
    silence_bound: timedelta = timedelta(seconds=60)


class Sequencer:
    """Nothing depends on Kafka's committed offset: the head says where to go on."""

    def __init__(self, ledger: Ledger, *, tiles: TileStore, suspicions: Suspicions, door: LogDoor, progress: Progress, pace: Pace) -> None:
        self._ledger = ledger
        self._tiles = tiles
        self._suspicions = suspicions
        self._door = door
        self._progress = progress
        self._pace = pace
        self._partition = TopicPartition(ledger.log.topic, 0)
        self._looked_around = 0.0

    async def run(self) -> None:
        """Until cancelled; a failure of MongoDB, Kafka or Vault only delays, and a broken log is left alone for good."""
        assignment = Assignment(self._progress)
        consumer = await self._door.open(self._ledger.log.topic, assignment)
        try:
            while self._progress.stopped is None:
                await assignment.held.wait()
                await self._try(consumer, assignment)
        finally:
            self._progress.holding = False
            await consumer.stop()
        await asyncio.Event().wait()

    async def _try(self, consumer: AIOKafkaConsumer, assignment: Assignment) -> None:
        topic = self._ledger.log.topic
        try:
            await self._sequence(consumer, assignment)
        except HeadLostError:
            log.warning("audit.head-lost", log=topic)
            await asyncio.sleep(random.uniform(0.1, 0.5))  # noqa: S311 - jitter
        except LogBrokenError as broken:
            await self._stop(broken)
        except DELAYS as error:
            log.warning("audit.sequencing-delayed", log=topic, error=type(error).__name__)
            await asyncio.sleep(1)

    async def _sequence(self, consumer: AIOKafkaConsumer, assignment: Assignment) -> None:
        term = assignment.term
        found = await self._door.look(consumer, self._partition)
        memory = await take_up_log(self._ledger.log, found, store=self._ledger.store, tiles=self._tiles)
        consumer.seek(self._partition, memory.head.next_offset)
        self._progress.taken_up(memory.head.size)
        log.info("audit.log-taken-up", log=self._ledger.log.topic, size=memory.head.size, next_offset=memory.head.next_offset)
        listening_since = utc_now()
        while assignment.term == term:
            records = await self._fetch(consumer)
            self._lags(consumer, memory.head)
            memory = await sequence_notes(records, memory, now=utc_now(), ledger=self._ledger)
            self._progress.appended(memory.head.size)
            if self._lags(consumer, memory.head):
                listening_since = utc_now()
                continue
            memory = await self._look_around(consumer, memory, listening_since)
            await asyncio.sleep(self._pace.gathering_pause.total_seconds() if records else 0)

    async def _fetch(self, consumer: AIOKafkaConsumer) -> list[Incoming]:
        """Raises LogBrokenError for a record that the client cannot even hand over: passing over it would be a loss."""
        try:
            fetched = await consumer.getmany(self._partition, timeout_ms=_POLL_MS, max_records=self._pace.largest_batch)
        except UnicodeDecodeError as error:  # of a header's name
            topic, size = self._partition.topic, self._progress.size
            raise LogBrokenError(Suspicion(f"log-unreadable/{topic}/{size}", "log-unreadable", {"after_entries": size})) from error
        records = [record for batch in fetched.values() for record in batch]
        self._progress.oldest_waiting = datetime.fromtimestamp(records[0].timestamp / 1000, UTC) if records else None
        return [_incoming(record) for record in records]

    def _lags(self, consumer: AIOKafkaConsumer, head: Head) -> bool:
        """Whether another whole batch is waiting."""
        lag = max(0, (consumer.highwater(self._partition) or 0) - head.next_offset)
        self._progress.lags_by(lag)
        return lag >= self._pace.largest_batch

    async def _look_around(self, consumer: AIOKafkaConsumer, memory: Memory, listening_since: datetime) -> Memory:
        """Now and then, once everything was read: is it still the same log, and who fell silent?"""
        now = asyncio.get_running_loop().time()
        if now - self._looked_around < min(_LOOK_AROUND, self._pace.silence_bound.total_seconds() / 2):
            return memory
        self._looked_around = now
        check_same_log(self._ledger.log, memory.head, await self._door.look(consumer, self._partition))
        bound = self._pace.silence_bound
        return await watch_silence(memory, now=utc_now(), listening_since=listening_since, bound=bound, ledger=self._ledger)

    async def _stop(self, broken: LogBrokenError) -> None:
        """For good: only a person may say what becomes of a log that changed."""
        self._progress.stop(broken.suspicion.rule)
        log.error("audit.log-stopped", log=self._ledger.log.topic, rule=broken.suspicion.rule)
        while True:
            try:
                await self._suspicions.raise_once(self._ledger.log, broken.suspicion, now=utc_now())
            except MongoError as error:
                log.warning("audit.suspicion-delayed", error=type(error).__name__)
                await asyncio.sleep(1)
            else:
                return


def _incoming(record: Any) -> Incoming:
    return Incoming(record.offset, record.partition, record.value or b"", tuple(record.headers))
