"""One ledger on real servers, and a source that also makes what no honest source would."""

import asyncio
import base64
import dataclasses
import json
import os
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from services.audit.checkpoint import Ed25519Verifier, format_vkey
from services.audit.model import Entry, Log
from services.audit.progress import Progress
from services.audit.resources import AuditResources, open_resources
from services.audit.settings import AuditSettings
from shared.background import end_tasks
from shared.clock import rfc3339, utc_now
from shared.kafka import connection_of
from shared.notes import HEARTBEAT
from shared.outbox import Relay

NOTE = "org.serment.records.access.v1"


def make_topics(admin: AdminClient, *names: str, config: dict[str, str] | None = None) -> None:
    for made in admin.create_topics([NewTopic(name, 1, 1, config=config or {}) for name in names]).values():
        try:
            made.result(timeout=10)
        except KafkaException as error:
            if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                raise


def remove_topic(admin: AdminClient, name: str) -> None:
    admin.delete_topics([name])[name].result(timeout=10)


@dataclass
class FakeSource:
    """Makes what `shared/notes.py` makes, and what it never would."""

    incarnation: str = field(default_factory=lambda: os.urandom(16).hex())
    number: int = 0

    def note(self, *, number: int | None = None, **facts: Any) -> tuple[bytes, list[tuple[str, bytes]]]:
        if number is None:
            self.number += 1
            number = self.number
        ident, time_ = str(uuid.uuid4()), rfc3339(utc_now())
        salt = base64.b64encode(os.urandom(32)).decode()
        said = {"id": ident, "incarnation": self.incarnation, "partition": 0, "number": number, "time": time_, "type": NOTE, "salt": salt}
        headers = {"ce_id": ident, "ce_type": NOTE, "ce_time": time_, "ce_incarnation": self.incarnation, "ce_number": str(number)}
        return json.dumps(said | facts).encode(), [(name, text.encode()) for name, text in headers.items()]

    def beat(
        self, state: str = "alive", *, lowest: int | None = None, following: int | None = None
    ) -> tuple[bytes, list[tuple[str, bytes]]]:
        lowest = self.number + 1 if lowest is None else lowest
        following = self.number + 1 if following is None else following
        said = {
            "id": str(uuid.uuid4()),
            "incarnation": self.incarnation,
            "type": HEARTBEAT,
            "state": state,
            "lowest": lowest,
            "next": following,
        }
        return json.dumps(said).encode(), [("ce_type", HEARTBEAT.encode())]


@dataclass
class LedgerDesk:
    """One log, its topic, and the service's own things beside it."""

    has: AuditResources
    log: Log
    producer: AIOKafkaProducer
    database: Any

    @property
    def progress(self) -> Progress:
        return self.has.logs[self.log.topic]

    async def send(self, *records: tuple[bytes | None, list[tuple[str, bytes]]]) -> None:
        sent = [await self.producer.send(self.log.topic, key=b"k", value=value, headers=headers, partition=0) for value, headers in records]
        await asyncio.gather(*sent)

    async def sequences(self, *, size: int, within: float = 20.0) -> None:
        await eventually(lambda: self._reaches(size), within=within)

    async def _reaches(self, size: int) -> bool:
        head = await self.has.store.head(self.log)
        return head is not None and head.size >= size

    async def signs(self, *, size: int, within: float = 20.0) -> str:
        await eventually(lambda: self._signed(size), within=within)
        return await self.has.checkpoints.latest(self.log) or ""

    async def _signed(self, size: int) -> bool:
        note = await self.has.checkpoints.latest(self.log)
        return note is not None and int(note.split("\n")[1]) >= size

    async def entries(self) -> list[Entry]:
        return [entry async for entry in self.has.store.entries_from(self.log, 0)]

    async def suspected(self, rule: str) -> list[dict[str, Any]]:
        return [row async for row in self.database.suspicions.find({"log": self.log.topic, "rule": rule})]

    async def suspects(self, rule: str, *, within: float = 20.0) -> dict[str, Any]:
        async def found() -> bool:
            return bool(await self.suspected(rule))

        await eventually(found, within=within)
        return (await self.suspected(rule))[0]["evidence"]

    async def vkey(self) -> str:
        return format_vkey(await self.verifier())

    async def verifier(self) -> Ed25519Verifier:
        return await self.has.signer.verifier(self.log)

    @asynccontextmanager
    async def running(self, *names: str) -> AsyncIterator[dict[str, "asyncio.Task[None]"]]:
        """The service's loops, all of them or the named ones."""
        relay = Relay(self.has.outbox, producer=self.has.producer, owner=self.has.settings.instance, relayed=lambda _topic: None)
        every = {"relay": relay.run, **self.has.loops()}
        loops = {name: loop for name, loop in every.items() if not names or name.split("/")[0] in names}
        tasks = {name.split("/")[0]: asyncio.create_task(loop()) for name, loop in loops.items()}
        try:
            yield tasks
        finally:
            await end_tasks(tasks.values())


async def eventually(holds: Callable[[], Awaitable[bool]], *, within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not await holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def open_desk(settings: AuditSettings, topic: str) -> AsyncIterator[LedgerDesk]:
    """Another one of the same settings is another process of the same service."""
    log = Log(settings.group, topic)
    producer = AIOKafkaProducer(**connection_of(settings).options(), acks="all", enable_idempotence=True)
    async with open_resources(settings) as resources:
        has = dataclasses.replace(resources, logs={topic: Progress(log)})
        await has.store.ensure_indexes([log])
        await producer.start()
        try:
            yield LedgerDesk(has, log, producer, has.mongo.database(settings.mongodb_database))
        finally:
            await producer.stop()
