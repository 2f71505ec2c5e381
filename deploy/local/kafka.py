"""Runs one or three Kafka nodes with users and access lists, and waits until they answer their admin."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local.child import Child, Program
from deploy.local.children import Children
from deploy.local.home import Home
from deploy.local.kafka_format import ensure_formatted
from deploy.local.kafka_settings import ADMIN, admin_password, node_folder, write_settings
from deploy.local.launcher_error import LauncherError
from deploy.local.ports import LOOPBACK, Ports
from deploy.local.tools import KafkaTools, Tools

READY_WITHIN = 90.0
JVM_FLAGS = (
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xss512k",
    "-XX:MaxDirectMemorySize=64m",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
)


@dataclass(frozen=True, slots=True)
class Kafka:
    bootstrap: list[str]
    admin_user: str
    admin_password: str = field(repr=False)

    def admin(self, more: Mapping[str, Any] | None = None) -> AdminClient:
        """Enters as the administrator; silent, for refused connections are what waiting looks like."""
        how: dict[str, Any] = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-512", "log_level": 0}
        who = {"sasl.username": self.admin_user, "sasl.password": self.admin_password}
        return AdminClient({"bootstrap.servers": ",".join(self.bootstrap), **how, **who, **(more or {})})


def start_kafka(home: Home, ports: Ports, children: Children, tools: Tools, *, brokers: int) -> Kafka:
    home.folder("kafka")
    settings = {number: write_settings(home, ports, number=number, brokers=brokers) for number in range(1, brokers + 1)}
    java = _java(tools.kafka.result())
    ensure_formatted(home, java, settings[1], brokers=brokers)
    nodes = [
        children.start(
            Program(f"kafka-{number}", [*java, "kafka.Kafka", str(path)], log=home.log(f"kafka-{number}"), folder=node_folder(home, number))
        )
        for number, path in settings.items()
    ]
    kafka = Kafka([f"{LOOPBACK}:{ports.broker(number)}" for number in settings], ADMIN, admin_password(home))
    _wait(kafka, nodes)
    return kafka


def _java(kafka: KafkaTools) -> list[str]:
    return [str(kafka.java), *JVM_FLAGS, "-cp", os.pathsep.join(map(str, kafka.jars))]


def _wait(kafka: Kafka, nodes: list[Child]) -> None:
    admin = kafka.admin({"reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 100})

    def all_known() -> bool:
        for node in nodes:
            if not node.alive:
                raise LauncherError(node.obituary())
        return _nodes_known(admin) == len(nodes)

    nodes[0].until(all_known, within=READY_WITHIN)


def _nodes_known(admin: AdminClient) -> int:
    try:
        return len(admin.describe_cluster(request_timeout=1).result(timeout=2).nodes)
    except KafkaException:
        return 0
