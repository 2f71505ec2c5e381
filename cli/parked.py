"""Lists parked messages, and sends them back to the topics they came from."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.table import Table

from shared.events import EventRecord
from shared.events.topics import TOPICS
from shared.kafka import KafkaConnection, open_producer

_UNREACHABLE = "Kafka does not answer: is Serment running? Start it with `make run`."


def list_parked(operator: Mapping[str, Any], *, console: Console) -> int:
    """Places and reasons only: what a message holds is not shown."""
    try:
        found = asyncio.run(_parked(_connection(operator)))
    except KafkaError:
        console.print(_UNREACHABLE)
        return 1
    table = Table("topic", "offset", "came from", "reader", "reason", box=None)
    for record in found:
        told = {name: value.decode() for name, value in record.headers if name.startswith("parked_")}
        table.add_row(record.topic, str(record.offset), told.get("parked_origin"), told.get("parked_group"), told.get("parked_reason"))
    console.print(table if found else "Nothing is parked.")
    return 0


def replay_parked(operator: Mapping[str, Any], topic: str, *, console: Console) -> int:
    """Every message once: what was replayed is remembered by the operator group's committed offset."""
    name = topic.removesuffix(".parked")
    if name not in {one.name for one in TOPICS if one.parked}:
        console.print(f"{topic} has no parked messages. Topics that have: {', '.join(one.name for one in TOPICS if one.parked)}.")
        return 1
    try:
        count = asyncio.run(_replay(_connection(operator), name))
    except KafkaError:
        console.print(_UNREACHABLE)
        return 1
    console.print(f"{count} messages went back to {name}.")
    return 0


def _connection(operator: Mapping[str, Any]) -> KafkaConnection:
    return KafkaConnection(operator["bootstrap"], operator["username"], operator["password"])


async def _parked(connection: KafkaConnection) -> list[Any]:
    found: list[Any] = []
    for topic in (one for one in TOPICS if one.parked):
        found += await _waiting(connection, f"{topic.name}.parked")
    return found


async def _waiting(connection: KafkaConnection, topic: str) -> list[Any]:
    """What is parked and was not replayed yet."""
    consumer = AIOKafkaConsumer(**connection.options(), group_id="operator", enable_auto_commit=False, auto_offset_reset="earliest")
    partition = TopicPartition(topic, 0)
    await consumer.start()
    try:
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        start = await consumer.committed(partition) or 0
        consumer.seek(partition, start)
        found: list[Any] = []
        while start + len(found) < end:
            batch = await consumer.getmany(partition, timeout_ms=2000)
            if not batch.get(partition):
                break
            found += batch[partition]
        return found
    finally:
        await consumer.stop()


async def _replay(connection: KafkaConnection, name: str) -> int:
    records = await _waiting(connection, f"{name}.parked")
    producer = await open_producer(connection, client_id="operator")
    try:
        for record in records:
            headers = [(key, value) for key, value in record.headers if not key.startswith("parked_")]
            await producer.send_and_wait(EventRecord("", name, record.key, headers, record.value))
            await _remember(connection, record)
    finally:
        await producer.stop()
    return len(records)


async def _remember(connection: KafkaConnection, record: Any) -> None:
    consumer = AIOKafkaConsumer(**connection.options(), group_id="operator", enable_auto_commit=False)
    partition = TopicPartition(record.topic, record.partition)
    await consumer.start()
    try:
        consumer.assign([partition])
        await consumer.commit({partition: record.offset + 1})
    finally:
        await consumer.stop()
