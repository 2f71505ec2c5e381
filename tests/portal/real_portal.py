"""The portal and its login page as real processes before real OpenBao, MongoDB and Kafka."""

import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.install.kafka import install_kafka
from deploy.install.mongodb import install_mongodb, uri_for
from deploy.install.topology import principals
from deploy.install.vault import Vault, install_vault
from deploy.local.child import Child, Program
from deploy.local.home import Home
from deploy.local.identity import install_identity, issuers
from deploy.local.sample.seed import load_seed
from deploy.local.servers import Servers
from tests.portal.portal_desk import a_browser


@dataclass(frozen=True, slots=True)
class RealPortal:
    url: str
    login_url: str
    home: Home
    servers: Servers

    def browser(self) -> httpx.AsyncClient:
        return a_browser(follow_redirects=True, timeout=10)

    async def to_login_page(self, browser: httpx.AsyncClient) -> httpx.Response:
        return await browser.post(f"{self.url}/sign-in")

    async def fill(self, browser: httpx.AsyncClient, form: httpx.Response, login: str, password: str | None = None) -> httpx.Response:
        """Sends the form as a browser would; without a password, the account's own."""
        action = form.text.partition('action="')[2].partition('"')[0].replace("&amp;", "&")
        fields = {"login": login, "password": password or self.home.secret(f"account-{login}")}
        return await browser.post(urljoin(str(form.url), action), data=fields)

    async def noted(self) -> list[dict[str, object]]:
        """Every note on the topic, heartbeats left out."""
        kafka = self.servers.kafka
        consumer = AIOKafkaConsumer(
            bootstrap_servers=list(kafka.bootstrap),
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="SCRAM-SHA-512",
            sasl_plain_username=kafka.admin_user,
            sasl_plain_password=kafka.admin_password,
        )
        await consumer.start()
        try:
            place = TopicPartition("identity.event", 0)
            consumer.assign([place])
            end = (await consumer.end_offsets([place]))[place]
            consumer.seek(place, 0)
            found: list[dict[str, object]] = []
            while await consumer.position(place) < end:
                batch = await consumer.getmany(place, timeout_ms=1000)
                found += [json.loads(record.value) for record in batch.get(place, [])]
        finally:
            await consumer.stop()
        return [note for note in found if "state" not in note]


@asynccontextmanager
async def open_real_portal(servers: Servers, *, audit_url: str = "http://127.0.0.1:1") -> AsyncIterator[RealPortal]:
    home = servers.openbao.home
    url, login_url = _free_url(), _free_url()
    client = _install(servers, home, f"{url}/callback")
    address = servers.openbao.address
    provider = f"{address}/v1/identity/oidc/provider/serment"
    env = {
        "PYTHONUNBUFFERED": "1",
        "SERMENT_GROUP": "test",
        "SERMENT_INSTANCE": "portal",
        "SERMENT_PORT": url.rpartition(":")[2],
        "SERMENT_KAFKA_BOOTSTRAP": json.dumps(list(servers.kafka.bootstrap)),
        "SERMENT_KAFKA_USERNAME": "portal",
        "SERMENT_KAFKA_PASSWORD": home.secret("kafka-portal"),
        "SERMENT_MONGODB_URI": uri_for(servers.mongodb_uri, "portal", home.secret("mongodb-portal")),
        "SERMENT_MONGODB_DATABASE": "portal",
        "SERMENT_VAULT_ADDRESS": address,
        "SERMENT_VAULT_ROLE_ID": "none",
        "SERMENT_VAULT_SECRET_ID_FILE": "none",
        "SERMENT_ISSUERS": json.dumps(issuers(address, client)),
        "SERMENT_PUBLIC_URL": url,
        "SERMENT_AUTHORIZE_URL": f"{login_url}/authorize",
        "SERMENT_TOKEN_URL": f"{provider}/token",
        "SERMENT_CLIENT_ID": client,
        "SERMENT_AUDIT_URL": audit_url,
    }
    login_env = {
        "SERMENT_LOGIN_PORT": login_url.rpartition(":")[2],
        "SERMENT_LOGIN_OPENBAO": address,
        "SERMENT_LOGIN_REDIRECT_URI": f"{url}/callback",
    }
    portal = servers.children.start(_program("portal-under-test", "services.portal", env, home))
    login = servers.children.start(_program("login-under-test", "deploy.local.login", login_env, home))
    try:
        portal.until(lambda: _answers(f"{url}/health/ready"), within=30)
        login.until(lambda: _answers(f"{login_url}/health/live"), within=30)
        yield RealPortal(url, login_url, home, servers)
    finally:
        _stop(servers, portal, login)


def _install(servers: Servers, home: Home, redirect_uri: str) -> str:
    seed, kafka, address = load_seed(), servers.kafka, servers.openbao.address
    sites = tuple(site.id for site in seed.sites)
    every = principals(sites)
    install_kafka(kafka.bootstrap, kafka.admin_user, kafka.admin_password, principals=every, secret=home.secret, copies=1)
    install_mongodb(servers.mongodb_uri, principals=every, sites=sites, secret=home.secret)
    vault = Vault(address, servers.openbao.installer_login())
    install_vault(vault, principals=every, sites=sites)
    client = install_identity(vault, seed, secret=home.secret, issuer=address, redirect_uri=redirect_uri)
    vault.http.close()
    return client


def _program(name: str, module: str, env: dict[str, str], home: Home) -> Program:
    return Program(name, [sys.executable, "-m", module], log=home.log(name), env=env)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False


def _stop(servers: Servers, *children: Child) -> None:
    for child in children:
        servers.children.stop(child, patience=12)


def _free_url() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
