"""What `records` states."""

from datetime import datetime
from typing import Any, ClassVar

from shared.events import Event
from shared.events.topics import RECORDS_CHANGE, Topic


class ChartChanged(Event):
    """Something was written into a patient's chart at one site; `revision` grows by one with each write of that chart."""

    topic: ClassVar[Topic] = RECORDS_CHANGE
    type: ClassVar[str] = "org.serment.records.chart-changed.v1"
    key_field: ClassVar[str] = "patient"
    example: ClassVar[dict[str, Any]] = {"patient": "5f0c54d2-3f0a-4c52-9d6e-0a0d9f4b1c11", "site": "nord", "revision": 7}

    patient: str
    site: str
    revision: int


class ChartErased(Event):
    """The keys of a patient's chart at one site were destroyed; what was sealed under them never opens again."""

    topic: ClassVar[Topic] = RECORDS_CHANGE
    type: ClassVar[str] = "org.serment.records.chart-erased.v1"
    key_field: ClassVar[str] = "patient"
    example: ClassVar[dict[str, Any]] = {
        "patient": "5f0c54d2-3f0a-4c52-9d6e-0a0d9f4b1c11",
        "site": "nord",
        "erasure": "0b7e6c1e-54f4-4b2d-8f6e-5a9f3d0c7e21",
        "destroyed_at": "2026-11-25T18:06:37.125Z",
    }

    patient: str
    site: str
    erasure: str
    destroyed_at: datetime
