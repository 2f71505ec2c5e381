"""`python -m bench.bare_replica NAME`: applies what comes on one topic and says so on another; the least that any enforcement must do."""

import json
import os
import sys

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from shared.kafka import KafkaConnection

TOPICS = ("bench.directive", "bench.position")


def options() -> dict[str, object]:
    return KafkaConnection(json.loads(os.environ["BENCH_BOOTSTRAP"]), os.environ["BENCH_USER"], os.environ["BENCH_PASSWORD"]).options()


async def main(name: str) -> None:
    held: dict[bytes, bytes] = {}
    producer = AIOKafkaProducer(**options(), acks="all", enable_idempotence=True)
    consumer = AIOKafkaConsumer(**options(), group_id=None, enable_auto_commit=False, fetch_max_wait_ms=100)
    await producer.start()
    await consumer.start()
    consumer.assign([TopicPartition(TOPICS[0], 0)])
    await consumer.seek_to_end()
    print("ready", flush=True)
    async for record in consumer:
        held[record.key] = record.value
        await producer.send_and_wait(TOPICS[1], key=name.encode(), value=record.value, partition=0)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
