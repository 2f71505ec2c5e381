"""Lets events in by FastStream: committed after their effect, tried again for a while, then parked."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from faststream.security import SASLScram512
from opentelemetry.trace import SpanKind

from shared.background import end_process
from shared.events import Event, EventRecord, UnreadableEventError
from shared.kafka import KafkaConnection, Producer, header_map, open_producer, pause
from shared.telemetry import span

log = structlog.get_logger("serment.kafka")
E = TypeVar("E", bound=Event)
Handler = Callable[[Any], Awaitable[None]]
_ATTEMPTS = 5


class EventDoor:
    """Joins handlers to topics, at least once: an offset is committed only after its effect, which is idempotent by event id.

    A message that cannot be read, or whose handler fails five times, goes to `<topic>.parked` with its reason and its place of origin.
    """

    def __init__(self, connection: KafkaConnection, *, group: str) -> None:
        self.connection = connection
        self.group = group
        self._handlers: dict[str, dict[str, tuple[type[Event], Handler]]] = {}
        self._producer: Producer | None = None
        security = SASLScram512(
            username=connection.username, password=connection.password, ssl_context=connection.tls, use_ssl=connection.tls is not None
        )
        self.broker = KafkaBroker(
            list(connection.bootstrap),
            security=security,
            logger=None,
            allow_auto_create_topics=False,
            graceful_timeout=10.0,
            request_timeout_ms=10_000,
        )

    @property
    def reads(self) -> list[str]:
        """Names of topics."""
        return sorted(self._handlers)

    def knows(self, topic: str, type_: str) -> bool:
        """Whether a handler joined for it."""
        return type_ in self._handlers[topic]

    def subscriber(self, event_type: type[E]) -> Callable[[Callable[[E], Awaitable[None]]], Callable[[E], Awaitable[None]]]:
        """Types of one topic that nobody here asked for are passed over."""

        def join(handler: Callable[[E], Awaitable[None]]) -> Callable[[E], Awaitable[None]]:
            topic = event_type.topic.name
            if topic not in self._handlers:
                self._subscribe(topic)
            self._handlers.setdefault(topic, {})[event_type.type] = (event_type, handler)
            return handler

        return join

    def _subscribe(self, topic: str) -> None:
        @self.broker.subscriber(
            topic,
            group_id=self.group,
            batch=True,
            batch_timeout_ms=50,
            max_records=500,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            parser=_pass_through,
            decoder=_raw_bodies,
        )
        async def on_batch(_bodies: list[Any], message: KafkaMessage) -> None:
            try:
                await self._take(topic, message)
            except Exception as error:  # noqa: BLE001 - the next commit would pass what was not handled
                end_process(f"reading {topic}", error)

    async def start(self) -> None:
        """Keeps trying while no broker answers."""
        self._producer = await open_producer(self.connection, client_id=f"{self.group}-parking")
        while True:
            try:
                await self.broker.start()
            except KafkaError as error:
                await self.broker.stop()
                await pause("kafka.unreachable", error)
            else:
                return

    async def stop(self) -> None:
        await self.broker.stop()
        if self._producer:
            await self._producer.stop()

    async def ping(self) -> None:
        if not await self.broker.ping(timeout=2):
            raise ConnectionError("Kafka does not answer")

    async def _take(self, topic: str, message: Any) -> None:
        by_partition: dict[int, list[Any]] = {}
        for record in message.raw_message:
            by_partition.setdefault(record.partition, []).append(record)
        for partition, records in by_partition.items():
            for record in records:
                await self._take_one(topic, record)
            await self._commit(message.consumer, TopicPartition(topic, partition), records[-1].offset + 1)

    async def _take_one(self, topic: str, record: Any) -> None:
        if reason := await self._handle(topic, record, attempts=_ATTEMPTS):
            await self._park(topic, record, reason=reason, origin=f"{topic}/{record.partition}/{record.offset}".encode())

    async def take_again(self, topic: str, record: Any) -> str | None:
        """A record that this door parked, once: None when its effect is there, else why it failed again.

        That one is parked anew, behind the others, with its first place of origin; cancelled, nothing has happened to it.
        """
        reason = await self._handle(topic, record, attempts=1)
        if reason:
            await self._park(topic, record, reason=reason, origin=header_map(record.headers)["parked_origin"])
        return reason

    async def _handle(self, topic: str, record: Any, *, attempts: int) -> str | None:
        """None when its effect is there, or nobody here asked for its type; else why it cannot be."""
        try:
            headers = _readable_headers(record)
            known = self._handlers[topic].get(headers["ce_type"])
            if known is None:
                return None
            event_type, handler = known
            event = event_type.from_value(record.value)
        except (UnreadableEventError, UnicodeDecodeError) as error:
            return type(error).__name__
        with span(f"process {topic}", kind=SpanKind.CONSUMER, carrier=headers):
            return await _tried(topic, handler, event, attempts=attempts)

    async def _park(self, topic: str, record: Any, *, reason: str, origin: bytes) -> None:
        headers = [(name, value) for name, value in record.headers if not name.startswith("parked_")]
        headers += [("parked_reason", reason.encode()), ("parked_group", self.group.encode()), ("parked_origin", origin)]
        parked = EventRecord("", f"{topic}.parked", record.key, headers, record.value)
        while not await self._is_parked(parked):  # noqa: ASYNC110 - nobody else can tell that Kafka takes it now
            await asyncio.sleep(1)
        log.error("event.parked", topic=topic, partition=record.partition, offset=record.offset, reason=reason)

    async def _is_parked(self, parked: EventRecord) -> bool:
        """Until Kafka has it the partition waits: a message is handled or parked, never passed."""
        if self._producer is None:
            raise RuntimeError("the door is not open")
        try:
            await self._producer.send_and_wait(parked)
        except Exception as error:  # noqa: BLE001 - whatever it is, the message is not passed
            self._producer.doubt(error)
            log.warning("event.parking-failed", error=type(error).__name__)
            return False
        return True

    async def _commit(self, consumer: Any, partition: TopicPartition, offset: int) -> None:
        try:
            await consumer.commit({partition: offset})
        except KafkaError as error:  # what was not committed comes again, and changes nothing
            log.info("event.not-committed", topic=partition.topic, partition=partition.partition, error=type(error).__name__)


async def _tried(topic: str, handler: Handler, event: Event, *, attempts: int) -> str | None:
    for attempt in range(1, attempts + 1):
        try:
            await handler(event)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again, then parked
            log.warning("event.failed", topic=topic, attempt=attempt, error=type(error).__name__)
            if attempt == attempts:
                return type(error).__name__
            await asyncio.sleep(0.1 * 2**attempt)
        else:
            return None
    return None


def _readable_headers(record: Any) -> dict[str, str]:
    headers = {name: value.decode() for name, value in record.headers if value is not None}
    if "ce_type" not in headers:
        raise UnreadableEventError("no ce_type header")
    return headers


async def _pass_through(message: Any, original: Callable[[Any], Awaitable[Any]]) -> Any:
    """FastStream's own parser decodes headers, and skips a record whose header is not UTF-8; ours are read one record at a time."""
    stripped = tuple(_without_headers(record) for record in message) if isinstance(message, tuple) else message
    parsed = await original(stripped)
    parsed.raw_message = message
    return parsed


def _without_headers(record: Any) -> Any:
    return type(record)(**{**{name: getattr(record, name) for name in record.__dataclass_fields__}, "headers": ()})


async def _raw_bodies(message: Any) -> list[bytes | None]:
    return [record.value for record in message.raw_message]
