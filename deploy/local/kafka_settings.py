"""Words the settings of one Kafka node of n, each both broker and controller, all on the loopback with passwords everywhere."""

from pathlib import Path

from deploy.local.home import Home
from deploy.local.ports import LOOPBACK, Ports

ADMIN, BROKER = "admin", "broker"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
EIGHT_MIB = 8 * 1024 * 1024


def admin_password(home: Home) -> str:
    return home.secret("kafka-admin")


def broker_password(home: Home) -> str:
    return home.secret("kafka-broker")


def write_settings(home: Home, ports: Ports, *, number: int, brokers: int) -> Path:
    settings = (
        _place(home, ports, number=number, brokers=brokers) | _security(home) | _replication(brokers) | _frugality() | _quick_failover()
    )
    return home.write(f"kafka/node-{number}.properties", "".join(f"{name}={value}\n" for name, value in settings.items()))


def node_folder(home: Home, number: int) -> Path:
    return home.path / "kafka" / f"node-{number}"


def _place(home: Home, ports: Ports, *, number: int, brokers: int) -> dict[str, object]:
    voters = ",".join(f"{each}@{LOOPBACK}:{ports.controller(each)}" for each in range(1, brokers + 1))
    client = f"CLIENT://{LOOPBACK}:{ports.broker(number)}"
    return {
        "process.roles": "broker,controller",
        "node.id": number,
        "controller.quorum.voters": voters,
        "listeners": f"{client},CONTROLLER://{LOOPBACK}:{ports.controller(number)}",
        "advertised.listeners": client,
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CLIENT",
        "log.dirs": node_folder(home, number),
    }


def _security(home: Home) -> dict[str, object]:
    """Brokers enter each other as `broker` by SCRAM; controllers by PLAIN, for SCRAM users live in what the controllers keep."""
    known = broker_password(home)
    enters = f'required username="{BROKER}" password="{known}"'
    return {
        "listener.security.protocol.map": "CONTROLLER:SASL_PLAINTEXT,CLIENT:SASL_PLAINTEXT",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.client.scram-sha-512.sasl.jaas.config": f"{SCRAM} {enters};",
        "listener.name.controller.plain.sasl.jaas.config": f'{PLAIN} {enters} user_{BROKER}="{known}";',
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": f"User:{ADMIN};User:{BROKER}",
    }


def _replication(brokers: int) -> dict[str, object]:
    safe = max(1, brokers - 1)
    return {
        "default.replication.factor": brokers,
        "min.insync.replicas": safe,
        "offsets.topic.replication.factor": brokers,
        "transaction.state.log.replication.factor": brokers,
        "transaction.state.log.min.isr": safe,
        "share.coordinator.state.topic.replication.factor": brokers,
        "share.coordinator.state.topic.min.isr": safe,
        "auto.create.topics.enable": "false",
        "unclean.leader.election.enable": "false",
        "message.max.bytes": EIGHT_MIB,
        "replica.fetch.max.bytes": EIGHT_MIB,
    }


def _frugality() -> dict[str, object]:
    return {
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.num.partitions": 4,
        "group.initial.rebalance.delay.ms": 0,
        "num.network.threads": 2,
        "num.io.threads": 2,
        "background.threads": 2,
        "num.recovery.threads.per.data.dir": 1,
        "log.cleaner.dedupe.buffer.size": 2097152,
        "log.segment.bytes": 67108864,
        "log.index.size.max.bytes": 1048576,
    }


def _quick_failover() -> dict[str, object]:
    return {
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        "replica.lag.time.max.ms": 5000,
        "controller.quorum.election.timeout.ms": 600,
        "controller.quorum.fetch.timeout.ms": 1200,
    }
