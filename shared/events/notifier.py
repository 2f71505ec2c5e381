"""What `notifier` states."""

from datetime import datetime
from typing import Any, ClassVar

from shared.events import Event
from shared.events.topics import NOTIFIER_CHANGE, Topic


class CaseChanged(Event):
    """A breach case was opened or moved on; `first` and `last` bound the accesses in question, `actor` is the staff id or None."""

    topic: ClassVar[Topic] = NOTIFIER_CHANGE
    type: ClassVar[str] = "org.serment.notifier.case-changed.v1"
    key_field: ClassVar[str] = "case"
    example: ClassVar[dict[str, Any]] = {
        "case": "7c3f3e52-6a0e-4c86-9a39-0c0a5f2e7d10",
        "suspicion": "bulk-lookup/2d6b1c1a-7a61-4a0e-9b8e-2f6f6d1a9c55/4f6e",
        "rule": "bulk-lookup",
        "state": "suspected",
        "actor": "2d6b1c1a-7a61-4a0e-9b8e-2f6f6d1a9c55",
        "log": "records.access",
        "first": "2026-11-25T18:06:37.125Z",
        "last": "2026-11-25T18:08:11.020Z",
        "at": "2026-11-25T18:08:12.301Z",
    }

    case: str
    suspicion: str
    rule: str
    state: str
    actor: str | None
    log: str
    first: datetime
    last: datetime
    at: datetime
