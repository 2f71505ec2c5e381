"""Makes topics, users and access rules in Kafka."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from deploy.install.topology import Principal
from shared.events.topics import TOPICS, Topic

_DAY = 24 * 60 * 60 * 1000
_TIME_LIMIT = 30


def install_kafka(
    bootstrap: Sequence[str], user: str, password: str, *, principals: Sequence[Principal], secret: Callable[[str], str], copies: int
) -> None:
    """`copies` is the replication factor: 3 in production with two in-sync replicas required, 1 on one machine."""
    admin = AdminClient(
        {
            "bootstrap.servers": ",".join(bootstrap),
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": user,
            "sasl.password": password,
            "log_level": 2,
        }
    )
    _make_topics(admin, copies)
    _make_users(admin, principals, secret)
    _make_rules(admin, principals)


def _make_topics(admin: AdminClient, copies: int) -> None:
    there = set(admin.list_topics(timeout=_TIME_LIMIT).topics)
    wanted = [_new_topic(topic.name, topic, copies) for topic in TOPICS]
    wanted += [_new_topic(f"{topic.name}.parked", topic, copies, parked=True) for topic in TOPICS if topic.parked]
    missing = [topic for topic in wanted if topic.topic not in there]
    if missing:
        _wait(admin.create_topics(missing, operation_timeout=_TIME_LIMIT))


def _new_topic(name: str, topic: Topic, copies: int, *, parked: bool = False) -> NewTopic:
    days = 90 if parked else topic.retention_days
    config = {
        "cleanup.policy": "compact" if topic.compacted and not parked else "delete",
        "retention.ms": "-1" if days is None else str(days * _DAY),
        "retention.bytes": "-1",
        "max.message.bytes": str(topic.max_message_bytes),
        "min.insync.replicas": str(max(1, copies - 1)),
        "unclean.leader.election.enable": "false",
    }
    return NewTopic(name, num_partitions=1 if parked else topic.partitions, replication_factor=copies, config=config)


def _make_users(admin: AdminClient, principals: Sequence[Principal], secret: Callable[[str], str]) -> None:
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    users = [principal.name for principal in principals if principal.reads or principal.writes]
    upserts = [UserScramCredentialUpsertion(name, info, secret(f"kafka-{name}").encode()) for name in users]
    _wait(admin.alter_user_scram_credentials(upserts))  # type: ignore[arg-type]


def _make_rules(admin: AdminClient, principals: Sequence[Principal]) -> None:
    rules = list(dict.fromkeys(rule for principal in principals for rule in _rules(principal)))
    _wait(admin.create_acls(rules))


def _rules(principal: Principal) -> list[AclBinding]:
    found = []
    for topic in principal.writes:
        found += [_rule(principal, ResourceType.TOPIC, topic, operation) for operation in (AclOperation.WRITE, AclOperation.DESCRIBE)]
    for topic in principal.reads:
        found += [_rule(principal, ResourceType.TOPIC, topic, operation) for operation in (AclOperation.READ, AclOperation.DESCRIBE)]
    if principal.groups:
        found.append(_rule(principal, ResourceType.GROUP, principal.groups, AclOperation.READ, ResourcePatternType.PREFIXED))
    return found


def _rule(
    principal: Principal, kind: ResourceType, name: str, operation: AclOperation, pattern: ResourcePatternType = ResourcePatternType.LITERAL
) -> AclBinding:
    return AclBinding(kind, name, pattern, f"User:{principal.name}", "*", operation, AclPermissionType.ALLOW)


def _wait(futures: dict[Any, "Future[Any]"]) -> None:
    for future in futures.values():
        try:
            future.result(timeout=_TIME_LIMIT)
        except KafkaException as error:
            if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                raise
