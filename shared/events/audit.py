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
