"""A ledger of its own for each test, on the servers of the session's stack."""

import os
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from confluent_kafka.admin import AdminClient

from deploy.local.servers import Servers
from services.audit.settings import AuditSettings
from tests.audit.ledger_desk import LedgerDesk, make_topics, open_desk


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
    admin = servers.kafka.admin()
    make_topics(admin, "audit.suspicion")
    make_topics(admin, "audit.checkpoint", config={"cleanup.policy": "compact"})
    return admin


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
        mongo_driver=os.environ.get("DRIVER") or "motor",
    )


@pytest.fixture
async def desk(settings: AuditSettings, kafka_admin: AdminClient) -> AsyncIterator[LedgerDesk]:
    topic = f"access-{settings.group}"
    make_topics(kafka_admin, topic)
    async with open_desk(settings, topic) as opened:
        yield opened
