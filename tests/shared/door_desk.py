"""One reader of one topic on a real Kafka."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from shared.clock import utc_now
from shared.event_door import EventDoor
from shared.events.records import ChartChanged
from shared.events.topics import Topic
from shared.kafka import Producer
from tests.shared.kafka_desk import KafkaDesk, a_change, chart_changed_on, eventually


@dataclass
class DoorDesk:
    """A topic, a group and one handler, which keeps what it was given and may be told to do more."""

    kafka: KafkaDesk
    topic: Topic
    group: str
    producer: Producer
    taken: list[ChartChanged] = field(default_factory=list)
    also: Callable[[ChartChanged], Awaitable[None]] | None = None

    async def handle(self, event: ChartChanged) -> None:
        self.taken.append(event)
        if self.also:
            await self.also(event)

    @property
    def revisions(self) -> list[int]:
        return [event.revision for event in self.taken]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[EventDoor]:
        door = EventDoor(self.kafka.connection, group=self.group)
        door.subscriber(chart_changed_on(self.topic))(self.handle)
        await door.start()
        try:
            yield door
        finally:
            await door.stop()

    async def state(self, *revisions: int, patient: str = "a-patient") -> None:
        event = chart_changed_on(self.topic)
        for revision in revisions:
            made = event(**a_change(patient, revision)).to_record(source="/tests", now=utc_now())
            await self.producer.send_and_wait(made)

    async def parked(self, count: int) -> list[Any]:
        async def look() -> list[Any]:
            found = await self.kafka.lying_in(f"{self.topic.name}.parked")
            return found if len(found) >= count else []

        return await eventually(look)  # type: ignore[no-any-return]

    async def committed(self, offset: int, partition: int = 0) -> None:
        async def look() -> bool:
            return await self.kafka.committed(self.group, self.topic.name, partition) == offset

        await eventually(look)


def a_desk(kafka: KafkaDesk, producer: Producer, *, partitions: int = 1) -> DoorDesk:
    return DoorDesk(kafka, kafka.topic(partitions=partitions), f"group-{uuid.uuid4().hex[:10]}", producer)
