"""Reads back from Kafka what was published about each log, up to now."""

from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.audit.checkpoint import Checkpoint, Verifier, WordRejectedError, open_checkpoint
from shared.events import UnreadableEventError
from shared.events.audit import CheckpointSigned
from shared.kafka import KafkaConnection

log = structlog.get_logger("serment.audit")
Signed = tuple[Checkpoint, str]


async def published_checkpoint(connection: KafkaConnection, verifier: Verifier) -> Signed | None:
    """The highest that the verifier's key signed. Raises KafkaError."""
    consumer = AIOKafkaConsumer(**connection.options(), enable_auto_commit=False)
    partition = TopicPartition(CheckpointSigned.topic.name, 0)
    try:
        await consumer.start()
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        highest: Signed | None = None
        while await consumer.position(partition) < end:
            found = await consumer.getmany(partition, timeout_ms=1000)
            opened = [_opened(record, verifier) for batch in found.values() for record in batch]
            highest = max([each for each in [highest, *opened] if each], key=lambda signed: signed[0].size, default=None)
        return highest
    finally:
        await consumer.stop()


def _opened(record: Any, verifier: Verifier) -> Signed | None:
    if record.key != verifier.name.encode():
        return None
    try:
        note = CheckpointSigned.from_value(record.value).note
        return open_checkpoint(note, log=verifier)[0], note
    except (UnreadableEventError, WordRejectedError) as error:
        log.critical("audit.published-checkpoint-rejected", offset=record.offset, error=type(error).__name__)
        return None
