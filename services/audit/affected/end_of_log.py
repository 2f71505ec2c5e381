"""Asks Kafka where a log ends now."""

from aiokafka import TopicPartition

from shared.kafka import KafkaConnection, open_follower


async def end_of_log(connection: KafkaConnection, topic: str) -> int:
    """The offset behind the newest record."""
    consumer = await open_follower(connection, topic, beginning=False)
    try:
        ends = await consumer.end_offsets([TopicPartition(topic, 0)])
        return int(next(iter(ends.values())))
    finally:
        await consumer.stop()
