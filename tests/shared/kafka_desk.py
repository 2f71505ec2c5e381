"""Topics of a test's own, what lies in them, and what a group has committed."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import Producer as PlainProducer
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.local.kafka import Kafka
from shared.event_door import EventDoor
from shared.events import Event
from shared.events.records import ChartChanged
from shared.events.topics import Topic
from shared.kafka import KafkaConnection, Producer

Header = tuple[str, bytes | None]


@dataclass(frozen=True)
class KafkaDesk:
    """One broker, entered as its administrator."""

    connection: KafkaConnection
    admin: AdminClient

    def topic(self, *, partitions: int = 1, parked: bool = True) -> Topic:
        topic = Topic(f"test.{uuid.uuid4().hex[:12]}", "tests", "patient", (), partitions=partitions, parked=parked)
        wanted = [NewTopic(topic.name, num_partitions=partitions, replication_factor=1)]
        wanted += [NewTopic(f"{topic.name}.parked", num_partitions=1, replication_factor=1)] if parked else []
        for made in self.admin.create_topics(wanted).values():
            made.result(timeout=20)
        return topic

    def put(self, topic: str, value: bytes | None, *, key: bytes | None = None, headers: Sequence[Header] = (), partition: int = 0) -> None:
        """By librdkafka, which sends what aiokafka would refuse to."""
        producer = PlainProducer(_plain(self.connection))
        producer.produce(topic, value=value, key=key, headers=list(headers), partition=partition)
        assert producer.flush(10) == 0

    async def lying_in(self, topic: str, *, partitions: int = 1) -> list[Any]:
        """All records, partition by partition."""
        places = [TopicPartition(topic, number) for number in range(partitions)]
        consumer = AIOKafkaConsumer(**self.connection.options(), group_id=None, auto_offset_reset="earliest")
        await consumer.start()
        try:
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            found: list[Any] = []
            while [place for place in places if await consumer.position(place) < ends[place]]:
                for records in (await consumer.getmany(*places, timeout_ms=1000)).values():
                    found += records
            return sorted(found, key=lambda record: (record.partition, record.offset))
        finally:
            await consumer.stop()

    async def committed(self, group: str, topic: str, partition: int = 0) -> int:
        consumer = AIOKafkaConsumer(**self.connection.options(), group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            consumer.assign([TopicPartition(topic, partition)])
            return await consumer.committed(TopicPartition(topic, partition)) or 0
        finally:
            await consumer.stop()


class RenamedDoor(EventDoor):
    """Hears the same events on topics of the test's own."""

    def __init__(self, kafka: KafkaDesk) -> None:
        super().__init__(kafka.connection, group=f"test-{uuid.uuid4().hex[:8]}")
        self.topics: dict[str, Any] = {}
        self._kafka = kafka

    def subscriber(self, event_type: type[Any]) -> Any:
        topic = self.topics.setdefault(event_type.topic.name, None) or self._kafka.topic()
        self.topics[event_type.topic.name] = topic
        return super().subscriber(type(event_type.__name__, (event_type,), {"topic": topic, "__module__": __name__}))

    async def state(self, event: Event, producer: Producer, *, now: datetime) -> None:
        record = event.to_record(source="/tests", now=now)
        await producer.send_and_wait(replace(record, topic=self.topics[record.topic].name))


def desk_of(kafka: Kafka) -> KafkaDesk:
    connection = KafkaConnection(kafka.bootstrap, kafka.admin_user, kafka.admin_password)
    return KafkaDesk(connection, kafka.admin())


def _plain(connection: KafkaConnection) -> dict[str, Any]:
    return {
        "bootstrap.servers": ",".join(connection.bootstrap),
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": connection.username,
        "sasl.password": connection.password,
        "log_level": 0,
    }


def chart_changed_on(topic: Topic) -> type[ChartChanged]:
    """The event of `records` on a topic of the test's own; not a direct subclass of Event, so no catalogue lists it."""
    return type("ChartChangedHere", (ChartChanged,), {"topic": topic, "__module__": __name__})


def a_change(patient: str = "a-patient", revision: int = 1) -> dict[str, Any]:
    return {"patient": patient, "site": "nord", "revision": revision}


async def eventually(holds: Callable[[], Any] | Callable[[], Awaitable[Any]], *, within: float = 10.0) -> Any:
    """What `holds` answers once it is true; fails when it never is."""
    deadline = time.monotonic() + within
    while True:
        found = holds()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {within} s"
        await asyncio.sleep(0.02)
