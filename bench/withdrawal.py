"""Measures a withdrawal from request to answer, against a bare transaction, event, application and statement over as many replicas."""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from bench.bare_replica import TOPICS, options
from bench.figures import Goal, Result
from cli.running import Running
from deploy.local.home import claim_home
from deploy.local.ports import find_free_ports
from deploy.local.stack import Shape, Stack, start_stack
from shared.clock import utc_now
from shared.directive import DENY, Directive, Provision, packed
from shared.mongo import Mongo, open_mongo
from shared.vocabulary import PatientId

Say = Callable[[str], None]
Told = dict[str, Any]
REPLICAS = {"nord-a": "nord", "nord-b": "nord", "nord-c": "nord", "sud": "sud"}
LEASE = 20.0
_P99 = Goal("<=", 2.0)
_DEAD = Goal("<=", LEASE + 2)
_EACH = 200
"""A p99 of fewer would be their slowest."""


def measure_withdrawal(*, pairs: int, short: bool, say: Say) -> list[Told]:
    """Against a stack of its own with four replicas."""
    with TemporaryDirectory(prefix="serment-bench-home-", ignore_cleanup_errors=True) as folder:
        home = claim_home(Path(folder) / "home", portal="the benchmark", say=print)
        stack = start_stack(home, find_free_ports(), shape=Shape(every_chart=False, replicas=REPLICAS), say=say)
        try:
            results = list(_measured(stack, pairs, say))
        finally:
            stack.stop()
    now = utc_now()
    return [one.told(engine="Kafka, SecantusDB and OpenBao on this machine", now=now, short=short) for one in results]


def _measured(stack: Stack, pairs: int, say: Say) -> Iterator[Result]:
    say(f"Measuring {_EACH} withdrawals {pairs} times, and as many of the bare protocol.")
    with bare_replicas(stack):
        rounds = asyncio.run(_rounds(stack, pairs))
    ours = [_p99(one) for one, _bare in rounds]
    bare = [_p99(other) for _one, other in rounds]
    yield Result(
        "withdrawal answered, p99",
        "times the bare protocol",
        list(zip(ours, bare, strict=True)),
        _P99,
        what="four replicas alive; the bare one is a transaction of three documents, an event, its application and statement by four",
    )
    medians = [(statistics.median(one), statistics.median(other)) for one, other in rounds]
    yield Result("withdrawal answered, p50", "times the bare protocol", medians, what="the same")
    yield Result("withdrawal answered, p50 in milliseconds", "ms", [(one * 1000, 1.0) for one, _other in medians])
    say("Killing a replica, and withdrawing.")
    yield Result("withdrawal with one replica dead", "seconds", [(_with_one_dead(stack), 1.0)], _DEAD)


async def _rounds(stack: Stack, pairs: int) -> list[tuple[list[float], list[float]]]:
    running = Running(stack.home.path)
    asked = Asked(str(running.addresses["consent"]), running.token("o.leroy", "RECORDMGT"))
    async with aiohttp.ClientSession(trust_env=False) as http:
        bare = await open_bare(stack)
        try:
            await withdrawals(http, asked, 10)
            await bare.withdrawals(10)
            found = []
            for number in range(pairs):
                if number % 2 == 0:
                    found.append((await withdrawals(http, asked, _EACH), await bare.withdrawals(_EACH)))
                else:
                    theirs = await bare.withdrawals(_EACH)
                    found.append((await withdrawals(http, asked, _EACH), theirs))
            return found
        finally:
            await bare.close()


@dataclass(frozen=True)
class Asked:
    url: str
    token: str


async def withdrawals(http: aiohttp.ClientSession, asked: Asked, count: int) -> list[float]:
    """Seconds of each, one after another, each by another patient who has consented just before."""
    return [await _withdrawn(http, asked, await _given(http, asked)) for _ in range(count)]


async def _given(http: aiohttp.ClientSession, asked: Asked) -> str:
    body = {"patient": str(uuid.uuid4()), "kind": "consent", "purposes": ["HRESCH"]}
    return str((await _said(http, asked, "/consents", body))["id"])


async def _withdrawn(http: aiohttp.ClientSession, asked: Asked, ident: str) -> float:
    started = time.perf_counter()
    await _said(http, asked, f"/consents/{ident}/withdrawal", {})
    return time.perf_counter() - started


async def _said(http: aiohttp.ClientSession, asked: Asked, path: str, body: Told) -> Told:
    async with http.post(f"{asked.url}{path}", json=body, headers={"authorization": f"Bearer {asked.token}"}) as answer:
        answer.raise_for_status()
        return await answer.json()  # type: ignore[no-any-return]


def _p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]


@contextmanager
def bare_replicas(stack: Stack) -> Iterator[None]:
    """Four processes on topics of their own."""
    kafka = stack.servers.kafka
    os.environ |= {
        "BENCH_BOOTSTRAP": json.dumps(list(kafka.bootstrap)),
        "BENCH_USER": kafka.admin_user,
        "BENCH_PASSWORD": kafka.admin_password,
    }
    admin = kafka.admin()
    for made in admin.create_topics([NewTopic(name, 1, 1) for name in TOPICS]).values():
        made.result(10)
    argv = [sys.executable, "-m", "bench.bare_replica"]
    processes = [subprocess.Popen([*argv, name], stdout=subprocess.PIPE, text=True) for name in REPLICAS]
    try:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        yield
    finally:
        for process in processes:
            process.terminate()


@dataclass
class Bare:
    """The least that gives the same guarantee while nothing fails."""

    mongo: Mongo
    database: Any
    producer: AIOKafkaProducer
    consumer: AIOKafkaConsumer
    number: int = 0

    async def withdrawals(self, count: int) -> list[float]:
        times = []
        for _ in range(count):
            started = time.perf_counter()
            await self._one()
            times.append(time.perf_counter() - started)
        return times

    async def _one(self) -> None:
        self.number += 1
        value = packed(Directive(PatientId(str(uuid.uuid4())), self.number, 1, (Provision(DENY),)))

        async def work(session: Any) -> None:
            await self.database.fence.update_one({"_id": "fence"}, {"$inc": {"head": 1}}, upsert=True, session=session)
            await self.database.directives.insert_one({"value": value}, session=session)
            await self.database.consents.insert_one({"value": value}, session=session)

        await self.mongo.transact(work)
        await self.producer.send_and_wait(TOPICS[0], key=b"k", value=value, partition=0)
        stated: set[bytes] = set()
        while len(stated) < len(REPLICAS):
            record = await self.consumer.getone()
            if record.value == value:
                stated.add(record.key)

    async def close(self) -> None:
        await self.producer.stop()
        await self.consumer.stop()
        await self.mongo.close()


async def open_bare(stack: Stack) -> Bare:
    mongo = open_mongo(stack.servers.mongodb_uri)
    database = mongo.database("bench_bare")
    await database.fence.update_one({"_id": "fence"}, {"$set": {"head": 0}}, upsert=True)
    producer = AIOKafkaProducer(**options(), acks="all", enable_idempotence=True)
    consumer = AIOKafkaConsumer(**options(), group_id=None, enable_auto_commit=False, fetch_max_wait_ms=100)
    await producer.start()
    await consumer.start()
    consumer.assign([TopicPartition(TOPICS[1], 0)])
    await consumer.seek_to_end()
    return Bare(mongo, database, producer, consumer)


def _with_one_dead(stack: Stack) -> float:
    running = Running(stack.home.path)

    async def one() -> float:
        async with aiohttp.ClientSession(trust_env=False) as http:
            asked = Asked(str(running.addresses["consent"]), running.token("o.leroy", "RECORDMGT"))
            given = await _given(http, asked)
            stack.servers.children["sud"].kill()
            return await _withdrawn(http, asked, given)

    return asyncio.run(one())
