"""Opens the one partition of a topic, tells what Kafka knows about it, and who should sequence it."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from services.audit.progress import Progress
from services.audit.sequencing.take_up_log import KafkaLog
from services.audit.topic_ids import TopicIds
from shared.kafka import KafkaConnection, open_consumer


class Assignment(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Group membership only says who should sequence; the head's condition says who does."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.held = asyncio.Event()
        self.term = 0

    def on_partitions_revoked(self, _revoked: Any) -> None:
        self.term += 1
        self._progress.holding = False
        self.held.clear()

    def on_partitions_assigned(self, assigned: Any) -> None:
        self.term += 1
        if assigned:
            self.held.set()


class LogDoor:
    def __init__(self, connection: KafkaConnection, topic_ids: TopicIds) -> None:
        self._connection = connection
        self._topic_ids = topic_ids

    async def open(self, topic: str, assignment: Assignment) -> AIOKafkaConsumer:
        """A member of the group `audit.<topic>`, which never commits an offset."""
        return await open_consumer(self._connection, topic, group=f"audit.{topic}", listener=assignment)

    async def look(self, consumer: AIOKafkaConsumer, partition: TopicPartition) -> KafkaLog:
        """Raises TopicUnknownError or KafkaError."""
        topic_id = await self._topic_ids.of(partition.topic)
        beginning = await consumer.beginning_offsets([partition])
        end = await consumer.end_offsets([partition])
        return KafkaLog(topic_id, beginning[partition], end[partition])
