"""Every Kafka topic: who owns it, how it is keyed, how long it lasts; the installer makes exactly these."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """`retention_days` None means without limit; a `parked` topic beside it takes what a reader could not handle."""

    name: str
    owner: str
    keyed_by: str
    readers: tuple[str, ...]
    partitions: int = 1
    retention_days: int | None = 7
    compacted: bool = False
    parked: bool = False
    max_message_bytes: int = 1 << 20


RECORDS_ACCESS = Topic("records.access", "records", "incarnation", ("audit",), retention_days=None, max_message_bytes=4 << 20)
RECORDS_CHANGE = Topic("records.change", "records", "patient", ("records", "notifier"), partitions=6, parked=True)
ENFORCEMENT_POSITION = Topic("enforcement.position", "records", "incarnation", ("consent",), retention_days=1)
CONSENT_ACCESS = Topic("consent.access", "consent", "incarnation", ("audit",), retention_days=None)
CONSENT_DIRECTIVE = Topic("consent.directive", "consent", "patient", ("records", "consent"), retention_days=None, compacted=True)
GOVERNANCE_STANDING = Topic("governance.standing", "governance", "staff", ("records",), retention_days=None, compacted=True)
GOVERNANCE_CHANGE = Topic(
    "governance.change", "governance", "member of staff, or workstation", ("notifier", "portal"), retention_days=90, parked=True
)
NOTIFIER_ACCESS = Topic("notifier.access", "notifier", "incarnation", ("audit",), retention_days=None)
NOTIFIER_CHANGE = Topic("notifier.change", "notifier", "case", ("audit",), partitions=3, retention_days=90, parked=True)
IDENTITY_EVENT = Topic("identity.event", "portal", "incarnation", ("audit",), retention_days=None)
AUDIT_ACCESS = Topic("audit.access", "audit", "incarnation", ("audit",), retention_days=None)
AUDIT_CHECKPOINT = Topic("audit.checkpoint", "audit", "origin", ("audit",), compacted=True)
AUDIT_SUSPICION = Topic("audit.suspicion", "audit", "suspicion", ("notifier",), partitions=3, retention_days=90, parked=True)

TOPICS = (
    RECORDS_ACCESS,
    RECORDS_CHANGE,
    ENFORCEMENT_POSITION,
    CONSENT_ACCESS,
    CONSENT_DIRECTIVE,
    GOVERNANCE_CHANGE,
    GOVERNANCE_STANDING,
    NOTIFIER_ACCESS,
    NOTIFIER_CHANGE,
    IDENTITY_EVENT,
    AUDIT_ACCESS,
    AUDIT_CHECKPOINT,
    AUDIT_SUSPICION,
)
"""The ledger's logs are every `*.access` and `identity.event`: one partition each, so one log each."""


def topic_named(name: str) -> Topic:
    return next(topic for topic in TOPICS if topic.name == name)
