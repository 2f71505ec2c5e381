"""Opens Kafka: connections, producers that mend themselves, and consumers that never commit by themselves."""

import asyncio
import contextlib
import random
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    DuplicateSequenceNumber,
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    KafkaConnectionError,
    KafkaError,
    OutOfOrderSequenceNumber,
    ProducerFenced,
)
from aiokafka.helpers import create_ssl_context

from shared.events import EventRecord
from shared.settings import ServiceSettings

log = structlog.get_logger("serment.kafka")
_SEQUENCE_LOST = (OutOfOrderSequenceNumber, InvalidProducerIdMapping, InvalidProducerEpoch, ProducerFenced, DuplicateSequenceNumber)


@dataclass(frozen=True, slots=True)
class KafkaConnection:
    """Where the brokers are and who we are to them."""

    bootstrap: Sequence[str]
    username: str
    password: str = field(repr=False)
    tls: ssl.SSLContext | None = None

    def options(self) -> dict[str, Any]:
        return {
            "bootstrap_servers": list(self.bootstrap),
            "security_protocol": "SASL_SSL" if self.tls else "SASL_PLAINTEXT",
            "ssl_context": self.tls,
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": self.username,
            "sasl_plain_password": self.password,
            "request_timeout_ms": 10_000,
        }


def connection_of(settings: ServiceSettings) -> KafkaConnection:
    tls = create_ssl_context(cafile=str(settings.kafka_tls_ca)) if settings.kafka_tls_ca else None
    return KafkaConnection(settings.kafka_bootstrap, settings.kafka_username, settings.kafka_password.get_secret_value(), tls)


class Producer:
    """An idempotent producer that waits for all in-sync replicas, and is made anew when it lost its sequence.

    After an outage aiokafka may answer OutOfOrderSequenceNumber to every send for ever (aiokafka #1017); readers know doubles by their id.
    """

    def __init__(self, connection: KafkaConnection, *, client_id: str) -> None:
        self._connection = connection
        self._client_id = client_id
        self._inner: AIOKafkaProducer | None = None
        self._renewal: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Keeps trying while no broker answers."""
        while True:
            producer = AIOKafkaProducer(
                **self._connection.options(),
                client_id=self._client_id,
                acks="all",
                enable_idempotence=True,
                linger_ms=0,
                max_batch_size=131_072,
                max_request_size=4 << 20,
            )
            try:
                await producer.start()
            except KafkaError as error:
                await producer.stop()
                await pause("kafka.unreachable", error)
            else:
                self._inner = producer
                return

    async def stop(self) -> None:
        if self._renewal:
            self._renewal.cancel()
        if self._inner:
            await self._inner.stop()

    async def send(self, record: EventRecord) -> "asyncio.Future[Any]":
        """Await the result for the acknowledgement."""
        if self._inner is None:
            raise KafkaConnectionError("the producer is being made anew")
        sent: asyncio.Future[Any] = await self._inner.send(
            record.topic, value=record.value, key=record.key, partition=record.partition, headers=record.headers
        )
        return sent

    async def send_batches(self, topic: str, records: Sequence[EventRecord]) -> "list[asyncio.Future[Any]]":
        """All to partition 0, in their order, in as few batches as they fit into; await each result for its acknowledgement."""
        if self._inner is None:
            raise KafkaConnectionError("the producer is being made anew")
        sent, batch = [], self._inner.create_batch()
        for record in records:
            while batch.append(timestamp=None, key=record.key, value=record.value, headers=record.headers) is None:
                sent.append(await self._inner.send_batch(batch, topic, partition=0))
                batch = self._inner.create_batch()
        return [*sent, await self._inner.send_batch(batch, topic, partition=0)] if records else sent

    async def send_and_wait(self, record: EventRecord) -> None:
        await (await self.send(record))

    def doubt(self, error: BaseException) -> None:
        """Tell it every failed send: those that would repeat for ever make it begin anew."""
        if isinstance(error, _SEQUENCE_LOST) and (self._renewal is None or self._renewal.done()):
            log.warning("kafka.producer-renewed", error=type(error).__name__)
            self._renewal = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        lost, self._inner = self._inner, None
        if lost:
            with contextlib.suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(5):
                    await lost.stop()
        await self.start()


async def open_producer(connection: KafkaConnection, *, client_id: str) -> Producer:
    producer = Producer(connection, client_id=client_id)
    await producer.start()
    return producer


async def open_consumer(connection: KafkaConnection, topic: str, *, group: str, listener: Any = None) -> AIOKafkaConsumer:
    """A consumer that never commits by itself: for the readers that must not be tolerant (sections 5 and 6 of the design)."""
    while True:
        consumer = AIOKafkaConsumer(
            **connection.options(),
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=8 << 20,
            session_timeout_ms=10_000,
            metadata_max_age_ms=30_000,
        )
        consumer.subscribe([topic], listener=listener)
        try:
            await consumer.start()
        except KafkaError as error:
            await consumer.stop()
            await pause("kafka.unreachable", error)
        else:
            return consumer


async def open_follower(connection: KafkaConnection, topic: str, *, beginning: bool) -> AIOKafkaConsumer:
    """A consumer of partition 0 that belongs to no group: each process reads everything, from the beginning or from now on."""
    while True:
        consumer = AIOKafkaConsumer(**connection.options(), group_id=None, enable_auto_commit=False, auto_offset_reset="earliest")
        try:
            await consumer.start()
            consumer.assign([TopicPartition(topic, 0)])
            await (consumer.seek_to_beginning() if beginning else consumer.seek_to_end())
        except KafkaError as error:
            await consumer.stop()
            await pause("kafka.unreachable", error)
        else:
            return consumer


async def pause(what: str, error: Exception) -> None:
    """A second or two, with jitter, before the next try."""
    log.warning(what, error=type(error).__name__)
    await asyncio.sleep(1 + random.random())  # noqa: S311 - jitter


def header_map(headers: Sequence[tuple[str, bytes]]) -> Mapping[str, bytes]:
    return {name: value for name, value in headers if value is not None}
