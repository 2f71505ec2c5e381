"""The session's real servers, entered as administrator; every test has topics, databases and keys of its own."""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from deploy.install.vault import Vault as Installer
from deploy.install.vault import new_secret_id
from deploy.local.stack import Stack
from shared import telemetry
from shared.mongo import Mongo, open_mongo
from shared.vault import Vault
from tests.shared.kafka_desk import KafkaDesk, desk_of


@pytest.fixture(scope="session")
def kafka(stack: Stack) -> KafkaDesk:
    return desk_of(stack.servers.kafka)


@pytest.fixture(scope="session")
async def mongo(stack: Stack) -> AsyncIterator[Mongo]:
    opened = open_mongo(stack.servers.mongodb_uri, driver=os.environ.get("DRIVER", "motor"))
    yield opened
    await opened.close()


@pytest.fixture
def database(mongo: Mongo) -> Any:
    return mongo.database(f"shared_{uuid.uuid4().hex[:12]}")


@dataclass(frozen=True)
class VaultLogin:
    """A role that may use a key-encryption key and a signing key of its own."""

    installer: Installer
    name: str
    address: str
    role_id: str
    secret_id_file: Path

    def permit(self, *paths: str) -> None:
        rules = [f'path "{path}" {{ capabilities = ["read", "update"] }}' for path in ("auth/token/lookup-self", *paths)]
        self.installer.write(f"sys/policies/acl/{self.name}", {"policy": "\n".join(rules)})

    def permit_all(self) -> None:
        verbs = ("datakey/plaintext", "decrypt", "encrypt")
        own = [f"transit/{verb}/{self.name}" for verb in verbs]
        self.permit(*own, f"transit/sign/{self.name}-signing", f"transit/keys/{self.name}-signing")

    def revoke(self, token: str) -> None:
        self.installer.write("auth/token/revoke", {"token": token})

    def client(self, address: str | None = None) -> Vault:
        return Vault(address or self.address, role_id=self.role_id, secret_id_file=self.secret_id_file)


def a_login(stack: Stack, folder: Path, *, ttl: str = "1h") -> VaultLogin:
    installer, name = stack.launch.vault, f"test-{uuid.uuid4().hex[:10]}"
    installer.write(f"transit/keys/{name}", {"type": "aes256-gcm96", "derived": True})
    installer.write(f"transit/keys/{name}-signing", {"type": "ed25519"})
    installer.write(f"auth/approle/role/{name}", {"token_policies": [name], "token_ttl": ttl})
    role_id = str(installer.read(f"auth/approle/role/{name}/role-id")["role_id"])
    secret = folder / f"{name}.secret-id"
    secret.write_text(new_secret_id(installer, name))
    login = VaultLogin(installer, name, stack.servers.openbao.address, role_id, secret)
    login.permit_all()
    return login


@pytest.fixture(scope="session")
def vault_login(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> VaultLogin:
    return a_login(stack, tmp_path_factory.mktemp("vault"))


@pytest.fixture(scope="session")
async def vault(vault_login: VaultLogin) -> AsyncIterator[Vault]:
    opened = vault_login.client()
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Every span that is made meanwhile; only the tracer is another, for the process-wide one can be set only once."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "_TRACER", provider.get_tracer("serment"))
    yield exporter
    provider.shutdown()
