"""A notifier of its own for each test, on the session's MongoDB and Vault; its notes and events stay in the outbox, to be looked at."""

import json
import os
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from deploy.install.vault import Vault as Installer
from deploy.install.vault import new_secret_id
from deploy.local.servers import Servers
from services.notifier.settings import NotifierSettings
from tests.notifier.hostile_server import HostileServer, hostile_server
from tests.notifier.notifier_desk import STAFF, NotifierDesk, open_desk, open_door

KEK = "test-notifier"


@dataclass(frozen=True, slots=True)
class VaultLogin:
    address: str
    role_id: str
    secret_id_file: Path


@pytest.fixture(scope="session")
def vault_login(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> VaultLogin:
    """A role of the tests' own that may use one key of the tests' own."""
    installer = Installer(servers.openbao.address, servers.openbao.installer_login())
    installer.mount("mounts", "transit", "transit")
    installer.mount("auth", "approle", "approle")
    installer.write(f"transit/keys/{KEK}", {"type": "aes256-gcm96", "derived": True})
    paths = {f"transit/datakey/plaintext/{KEK}": "update", f"transit/decrypt/{KEK}": "update", "auth/token/lookup-self": "read"}
    policy = "".join(f'path "{path}" {{ capabilities = ["{verb}"] }}\n' for path, verb in paths.items())
    installer.write(f"sys/policies/acl/{KEK}", {"policy": policy})
    installer.write(f"auth/approle/role/{KEK}", {"token_policies": [KEK], "token_ttl": "1h"})
    role_id = str(installer.read(f"auth/approle/role/{KEK}/role-id")["role_id"])
    file = tmp_path_factory.mktemp("vault") / "secret-id"
    file.write_text(new_secret_id(installer, KEK))
    installer.http.close()
    return VaultLogin(servers.openbao.address, role_id, file)


@pytest.fixture
def settings(servers: Servers, vault_login: VaultLogin, tmp_path: Path) -> NotifierSettings:
    name = uuid.uuid4().hex[:12]
    contacts = tmp_path / "staff.json"
    contacts.write_text(json.dumps(STAFF))
    return NotifierSettings(
        group=f"g{name}",
        instance="notifier-a",
        port=0,
        kafka_bootstrap=servers.kafka.bootstrap,
        kafka_username=servers.kafka.admin_user,
        kafka_password=servers.kafka.admin_password,
        mongodb_uri=servers.mongodb_uri,
        mongodb_database=f"notifier_{name}",
        keyring_uri=servers.mongodb_uri,
        keyring_database=f"notifier_{name}_keys",
        vault_address=vault_login.address,
        vault_role_id=vault_login.role_id,
        vault_secret_id_file=vault_login.secret_id_file,
        issuers=[],
        kek=KEK,
        smtp_host="127.0.0.1",
        smtp_port=1,
        mail_from="serment@demo.invalid",
        contacts_file=contacts,
        portal_url="http://portal.example/",
        mongo_driver=os.environ.get("DRIVER") or "motor",
    )


@pytest.fixture
async def desk(settings: NotifierSettings) -> AsyncIterator[NotifierDesk]:
    async with open_desk(settings) as opened:
        yield opened


@pytest.fixture
async def client(desk: NotifierDesk) -> AsyncIterator[httpx.AsyncClient]:
    async with open_door(desk) as opened:
        yield opened


@pytest.fixture
async def mail_server() -> AsyncIterator[HostileServer]:
    async with hostile_server() as opened:
        yield opened
