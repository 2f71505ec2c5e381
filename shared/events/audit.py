"""What `audit` states."""

from datetime import datetime
from typing import Any, ClassVar

from shared.events import Event
from shared.events.topics import AUDIT_CHECKPOINT, AUDIT_SUSPICION, Topic


class CheckpointSigned(Event):
    """A log was signed at a size; `note` is the C2SP signed note, which anyone can verify with the log's public key."""

    topic: ClassVar[Topic] = AUDIT_CHECKPOINT
    type: ClassVar[str] = "org.serment.audit.checkpoint-signed.v1"
    key_field: ClassVar[str] = "origin"
    example: ClassVar[dict[str, Any]] = {
        "origin": "demo/audit/records.access",
        "size": 8,
        "note": "demo/audit/records.access\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n\u2014 demo/audit/records.access F4Rr4XZt\n",
    }

    origin: str
    size: int
    note: str


class SuspicionRaised(Event):
    """Something about the ledger or an access needs a person's eyes; `rule` says what was seen, `evidence` by ids only."""

    topic: ClassVar[Topic] = AUDIT_SUSPICION
    type: ClassVar[str] = "org.serment.audit.suspicion-raised.v1"
    key_field: ClassVar[str] = "suspicion"
    example: ClassVar[dict[str, Any]] = {
        "suspicion": "unclean-end/records.access/00112233445566778899aabbccddeeff",
        "rule": "unclean-end",
        "log": "records.access",
        "evidence": {"incarnation": "00112233445566778899aabbccddeeff", "last_number": 41, "missing": [[40, 40]]},
        "raised_at": "2026-11-25T18:06:37.125Z",
    }

    suspicion: str
    rule: str
    log: str
    evidence: dict[str, Any]
    raised_at: datetime


class AffectedFound(Event):
    """Whose records an actor was answered about within a case's time, computed from the ledger up to the entry `through`."""

    topic: ClassVar[Topic] = AUDIT_SUSPICION
    type: ClassVar[str] = "org.serment.audit.affected-found.v1"
    key_field: ClassVar[str] = "suspicion"
    example: ClassVar[dict[str, Any]] = {
        "case": "7c3f3e52-6a0e-4c86-9a39-0c0a5f2e7d10",
        "suspicion": "bulk-lookup/2d6b1c1a-7a61-4a0e-9b8e-2f6f6d1a9c55/4f6e",
        "patients": ["5f0c54d2-3f0a-4c52-9d6e-0a0d9f4b1c11"],
        "accesses": 1,
        "through": 8121,
        "computed_at": "2026-11-25T18:08:13.402Z",
    }

    case: str
    suspicion: str
    patients: list[str]
    accesses: int
    through: int
    computed_at: datetime
