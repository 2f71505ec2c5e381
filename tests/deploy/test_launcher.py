"""Proves the launcher on the real servers: what it starts, keeps, refuses and notices."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion
from pymongo import MongoClient  # noqa: TID251 - the launcher is checked from outside
from pymongo.errors import OperationFailure  # noqa: TID251

from deploy.local.children import Children
from deploy.local.home import Home, claim_home
from deploy.local.launcher_error import LauncherError
from deploy.local.mongodb import start_mongodb
from deploy.local.ports import Ports, find_free_ports
from deploy.local.servers import Servers, start_servers
from deploy.local.tools import Tools, ensure_tools

ROOT = Path(__file__).parents[2]
PORTAL = "http://127.0.0.1:8400"


@dataclass(frozen=True, slots=True)
class Launched:
    home: Home
    ports: Ports
    servers: Servers
    said: list[str] = field(default_factory=list)

    def kafka(self, user: str | None = None, password: str | None = None) -> dict[str, object]:
        kafka = self.servers.kafka
        return {
            "bootstrap.servers": ",".join(kafka.bootstrap),
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": user or kafka.admin_user,
            "sasl.password": password or kafka.admin_password,
            "log_level": 0,
        }

    def openbao(self) -> httpx.Client:
        token = self.servers.openbao.installer_login()
        return httpx.Client(base_url=f"{self.servers.openbao.address}/v1", headers={"X-Vault-Token": token}, trust_env=False)


@pytest.fixture(scope="module")
def tools() -> Tools:
    return ensure_tools(ROOT, print)


@pytest.fixture(scope="module")
def launched(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """Started on an empty home, given something to keep, stopped, and started again on the same home."""
    home = claim_home(tmp_path_factory.mktemp("launcher") / "home", portal=PORTAL, say=print)
    ports = find_free_ports()
    first = Launched(home, ports, start_servers(home, ports, tools=tools, say=print))
    try:
        leave_something(first)
        home.mark_installed()
    finally:
        first.servers.stop()

    said: list[str] = []
    again = Launched(home, ports, start_servers(home, ports, tools=tools, say=said.append), said)
    yield again
    again.servers.stop()
    home.release()


def leave_something(launched: Launched) -> None:
    with MongoClient(launched.servers.mongodb_uri) as client:
        client.ward.charts.insert_one({"_id": "kept"})
    admin = AdminClient(launched.kafka())
    for created in admin.create_topics([NewTopic("kept", num_partitions=1, replication_factor=1)]).values():
        created.result(timeout=10)
    producer = Producer(launched.kafka())
    producer.produce("kept", b"a fact")
    assert producer.flush(10) == 0
    with launched.openbao() as bao:
        bao.post("/sys/mounts/transit", json={"type": "transit"}).raise_for_status()
        bao.post("/transit/keys/nord", json={"type": "aes256-gcm96"}).raise_for_status()


class TestStartServers:
    def test_keeps_the_documents(self, launched: Launched) -> None:
        with MongoClient(launched.servers.mongodb_uri) as client:
            assert client.ward.charts.find_one() == {"_id": "kept"}

    def test_keeps_the_facts(self, launched: Launched) -> None:
        consumer = Consumer({**launched.kafka(), "group.id": "reader", "auto.offset.reset": "earliest"})
        consumer.subscribe(["kept"])

        message = consumer.poll(15)

        assert message is not None
        assert message.value() == b"a fact"
        consumer.close()

    def test_keeps_the_keys(self, launched: Launched) -> None:
        with launched.openbao() as bao:
            assert bao.get("/transit/keys/nord").json()["data"]["name"] == "nord"

    def test_says_which_server_is_ready(self, launched: Launched) -> None:
        assert sorted(launched.said) == ["Kafka is ready.", "MongoDB is ready.", "OpenBao is ready."]

    def test_refuses_a_mongodb_client_without_a_password(self, launched: Launched) -> None:
        with (
            MongoClient(f"mongodb://127.0.0.1:{launched.ports['mongodb']}/?directConnection=true") as client,
            pytest.raises(OperationFailure),
        ):
            client.ward.charts.find_one()

    def test_refuses_a_kafka_user_without_an_access_list(self, launched: Launched) -> None:
        credentials = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        wanted = [UserScramCredentialUpsertion("stranger", credentials, b"known to Kafka, allowed nothing")]
        admin = AdminClient(launched.kafka())
        for made in admin.alter_user_scram_credentials(wanted).values():
            made.result(timeout=10)
        refusals: list[str] = []

        stranger = Producer(launched.kafka("stranger", "known to Kafka, allowed nothing"))
        stranger.produce("kept", b"a lie", on_delivery=lambda error, _: refusals.append(error.name()))
        stranger.flush(10)

        assert refusals == ["TOPIC_AUTHORIZATION_FAILED"]

    @pytest.mark.parametrize("door", ["broker", "controller"])
    def test_refuses_a_kafka_client_without_a_password(self, launched: Launched, door: str) -> None:
        port = getattr(launched.ports, door)(1)
        nobody = AdminClient({"bootstrap.servers": f"127.0.0.1:{port}", "log_level": 0})

        with pytest.raises(KafkaException):
            nobody.list_topics(timeout=1)

    @pytest.mark.parametrize("path", ["transit/decrypt/nord", "transit/datakey/plaintext/nord", "sys/seal"])
    def test_gives_the_installer_no_way_to_what_is_sealed(self, launched: Launched, path: str) -> None:
        with launched.openbao() as bao:
            assert bao.post(f"/{path}", json={}).status_code == httpx.codes.FORBIDDEN

    def test_has_openbao_write_its_audit_log(self, launched: Launched) -> None:
        assert '"path":"auth/installer/login"' in (launched.home.path / "openbao" / "audit.log").read_text()

    def test_shows_no_secret_in_the_list_of_processes(self, launched: Launched) -> None:
        secrets = [file.read_text() for file in (launched.home.path / "secrets").iterdir()]

        shown = "".join(Path(f"/proc/{child.pid}/cmdline").read_text() for child in launched.servers.children)

        assert len(secrets) == 3
        assert not [secret for secret in secrets if secret in shown]

    def test_lets_nobody_else_read_the_home(self, launched: Launched) -> None:
        assert launched.home.path.stat().st_mode & 0o077 == 0
        assert not [file for file in (launched.home.path / "secrets").iterdir() if file.stat().st_mode & 0o077]

    def test_goes_to_the_mongodb_that_is_named(self, launched: Launched, tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MONGODB_URI", launched.servers.mongodb_uri)
        children = Children()

        uri = start_mongodb(launched.home, launched.ports, children, tools)

        assert uri == launched.servers.mongodb_uri
        assert not list(children)
        children.stop_all()

    def test_refuses_a_taken_port_and_says_what_to_do(self, launched: Launched, tools: Tools) -> None:
        with pytest.raises(LauncherError, match=rf"Port {launched.ports['mongodb']}, meant for mongodb, is taken .*--port-base"):
            start_servers(launched.home, launched.ports, tools=tools, say=print)

    def test_notices_a_killed_server_and_starts_it_again(self, launched: Launched) -> None:
        children = launched.servers.children
        os.kill(children["openbao"].pid, signal.SIGKILL)

        assert eventually(lambda: [child.name for child in children.dead()] == ["openbao"])

        children.start_again("openbao").until(lambda: is_active(launched.servers.openbao.address), within=20)
        assert not children.dead()

    def test_measures_the_memory_of_each_server(self, launched: Launched) -> None:
        assert all(20 * 2**20 < child.resident_bytes() < 2**30 for child in launched.servers.children)


def eventually(holds: Callable[[], bool], *, within: float = 5.0) -> bool:
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_active(openbao: str) -> bool:
    try:
        return httpx.get(f"{openbao}/v1/sys/health", trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
