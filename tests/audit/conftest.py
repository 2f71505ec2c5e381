"""Real servers for the ledger's tests; a fixture named `servers` in tests/conftest.py may take the place of the first one here."""

import asyncio
import base64
import dataclasses
import json
import os
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.local.home import claim_home
from deploy.local.ports import find_free_ports
from deploy.local.servers import Servers, start_servers
from deploy.local.tools import ensure_tools
from services.audit.checkpoint import Ed25519Verifier, format_vkey
from services.audit.model import Entry, Log
from services.audit.progress import Progress
from services.audit.resources import AuditResources, open_resources
from services.audit.settings import AuditSettings
from shared.clock import rfc3339, utc_now
from shared.kafka import connection_of
from shared.notes import HEARTBEAT

ROOT = Path(__file__).parents[2]
NOTE = "org.serment.records.access.v1"


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    home = claim_home(tmp_path_factory.mktemp("audit") / "home", portal="http://127.0.0.1:8400", say=print)
    started = start_servers(home, find_free_ports(), tools=ensure_tools(ROOT, print), say=print)
    yield started
    started.stop()
    home.release()


@dataclass(frozen=True, slots=True)
class VaultLogin:
    address: str
    role_id: str
    secret_id_file: Path


@pytest.fixture(scope="session")
def vault_login(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> VaultLogin:
    """A role of the tests' own that may use two keys of the tests' own."""
    headers = {"X-Vault-Token": servers.openbao.installer_login()}
    with httpx.Client(base_url=f"{servers.openbao.address}/v1", headers=headers, trust_env=False) as bao:
        bao.post("/sys/mounts/transit", json={"type": "transit"})
        bao.post("/sys/auth/approle", json={"type": "approle"})
        bao.post("/transit/keys/test-ledger", json={"type": "aes256-gcm96", "derived": True}).raise_for_status()
        bao.post("/transit/keys/test-signing", json={"type": "ed25519"}).raise_for_status()
        rules = {f"transit/{verb}": "update" for verb in ("datakey/plaintext/test-ledger", "decrypt/test-ledger", "sign/test-signing")}
        rules |= {"transit/keys/test-signing": "read", "auth/token/lookup-self": "read"}
        policy = "".join(f'path "{path}" {{ capabilities = ["{verb}"] }}\n' for path, verb in rules.items())
        bao.post("/sys/policies/acl/test-audit", json={"policy": policy}).raise_for_status()
        bao.post("/auth/approle/role/test-audit", json={"token_policies": ["test-audit"], "token_ttl": "1h"}).raise_for_status()
        role = bao.get("/auth/approle/role/test-audit/role-id").json()["data"]["role_id"]
        secret = bao.post("/auth/approle/role/test-audit/secret-id", json={}).json()["data"]["secret_id"]
    file = tmp_path_factory.mktemp("vault") / "secret-id"
    file.write_text(secret)
    return VaultLogin(servers.openbao.address, role, file)


@pytest.fixture(scope="session")
def kafka_admin(servers: Servers) -> AdminClient:
    kafka = servers.kafka
    admin = AdminClient(
        {
            "bootstrap.servers": ",".join(kafka.bootstrap),
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": kafka.admin_user,
            "sasl.password": kafka.admin_password,
            "log_level": 0,
        }
    )
    make_topics(admin, "audit.suspicion")
    make_topics(admin, "audit.checkpoint", config={"cleanup.policy": "compact"})
    return admin


def make_topics(admin: AdminClient, *names: str, config: dict[str, str] | None = None) -> None:
    for made in admin.create_topics([NewTopic(name, 1, 1, config=config or {}) for name in names]).values():
        try:
            made.result(timeout=10)
        except KafkaException as error:
            if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                raise


def remove_topic(admin: AdminClient, name: str) -> None:
    admin.delete_topics([name])[name].result(timeout=10)


@pytest.fixture
def settings(servers: Servers, vault_login: VaultLogin) -> AuditSettings:
    """A ledger of its own for each test."""
    name = uuid.uuid4().hex[:12]
    return AuditSettings(
        group=f"g{name}",
        instance="audit-a",
        port=0,
        kafka_bootstrap=servers.kafka.bootstrap,
        kafka_username=servers.kafka.admin_user,
        kafka_password=servers.kafka.admin_password,
        mongodb_uri=servers.mongodb_uri,
        mongodb_database=f"ledger_{name}",
        keyring_uri=servers.mongodb_uri,
        keyring_database=f"ledger_{name}_keys",
        vault_address=vault_login.address,
        vault_role_id=vault_login.role_id,
        vault_secret_id_file=vault_login.secret_id_file,
        issuers=[],
        kek="test-ledger",
        signing_key="test-signing",
        silence_bound=2.0,
        mongo_driver=os.environ.get("SERMENT_TEST_MONGO_DRIVER", "motor"),
    )


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

    def beat(self, state: str = "alive", *, lowest: int | None = None, following: int | None = None) -> tuple[bytes, list[tuple[str, bytes]]]:
        lowest = self.number + 1 if lowest is None else lowest
        following = self.number + 1 if following is None else following
        said = {"id": str(uuid.uuid4()), "incarnation": self.incarnation, "type": HEARTBEAT, "state": state, "lowest": lowest, "next": following}
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
        sent = [await self.producer.send(self.log.topic, value=value, headers=headers, partition=0) for value, headers in records]
        await asyncio.gather(*sent)

    async def sequences(self, *, size: int, within: float = 20.0) -> None:
        await eventually(lambda: self._reaches(size), within=within)

    async def _reaches(self, size: int) -> bool:
        head = await self.has.store.head(self.log)
        return head is not None and head.size >= size

    async def signs(self, *, size: int) -> str:
        await eventually(lambda: self._signed(size))
        return await self.has.checkpoints.latest(self.log) or ""

    async def _signed(self, size: int) -> bool:
        note = await self.has.checkpoints.latest(self.log)
        return note is not None and int(note.split("\n")[1]) >= size

    async def entries(self) -> list[Entry]:
        return [entry async for entry in self.has.store.entries(self.log, 0, 1 << 40)]

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
        loops = {name: loop for name, loop in self.has.loops().items() if not names or name.split("/")[0] in names}
        tasks = {name.split("/")[0]: asyncio.create_task(_awaited(loop)) for name, loop in loops.items()}
        try:
            yield tasks
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)


async def _awaited(loop: Callable[[], Awaitable[None]]) -> None:
    await loop()


async def eventually(holds: Callable[[], Awaitable[bool]], *, within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not await holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.05)


@pytest.fixture
async def desk(settings: AuditSettings, kafka_admin: AdminClient) -> AsyncIterator[LedgerDesk]:
    topic = f"access-{settings.group}"
    make_topics(kafka_admin, topic)
    async with open_desk(settings, topic) as opened:
        yield opened


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
