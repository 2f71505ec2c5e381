"""Counts the notes about the measured resources that stand in Kafka, so that they can be compared with the answers given."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from cli.running import Running
from services.records.noting import ACCESS
from shared.events.topics import RECORDS_ACCESS
from shared.kafka import KafkaConnection, header_map

_PARTITION = TopicPartition(RECORDS_ACCESS.name, 0)
_RELAYED_WITHIN = 15.0


def end_of_notes(running: Running) -> int:
    """The offset from which a later count begins."""
    return asyncio.run(_with_consumer(running, _end))


def count_notes(running: Running, *, since: int, addresses: Collection[str], at_least: int) -> int:
    """Distinct notes of answered reads of these resources; waits for those that the outbox still has to relay."""
    found: set[bytes] = set()
    deadline = time.monotonic() + _RELAYED_WITHIN

    async def count(consumer: AIOKafkaConsumer) -> int:
        position = since
        while len(found) < at_least and time.monotonic() < deadline:
            position = await _gather(consumer, position, addresses, found)
        await _gather(consumer, position, addresses, found)
        return len(found)

    return asyncio.run(_with_consumer(running, count))


async def _gather(consumer: AIOKafkaConsumer, position: int, addresses: Collection[str], found: set[bytes]) -> int:
    end = await _end(consumer)
    consumer.seek(_PARTITION, position)
    while position < end:
        for records in (await consumer.getmany(timeout_ms=500, max_records=2000)).values():
            for record in records:
                position = record.offset + 1
                if _is_about(header_map(record.headers), record.value, addresses):
                    found.add(header_map(record.headers)["ce_id"])
    await asyncio.sleep(0.2)
    return position


def _is_about(headers: Mapping[str, bytes], value: bytes, addresses: Collection[str]) -> bool:
    if headers.get("ce_type") != ACCESS.encode():
        return False
    facts = orjson.loads(value)
    return facts.get("resource") in addresses and facts["outcome"] == "answered" and facts["action"] == "read"


async def _end(consumer: AIOKafkaConsumer) -> int:
    return int((await consumer.end_offsets([_PARTITION]))[_PARTITION])


async def _with_consumer(running: Running, work: Callable[[AIOKafkaConsumer], Awaitable[int]]) -> int:
    """As the ledger reads, but beside its group."""
    secret = (running.home / "secrets" / "kafka-audit").read_text()
    connection = KafkaConnection(running.addresses["kafka"], "audit", secret)
    consumer = AIOKafkaConsumer(**connection.options(), group_id=None, enable_auto_commit=False, max_partition_fetch_bytes=8 << 20)
    await consumer.start()
    try:
        consumer.assign([_PARTITION])
        return await work(consumer)
    finally:
        await consumer.stop()
