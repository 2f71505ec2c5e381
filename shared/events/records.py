"""What `records` states."""

from datetime import datetime
from typing import Any, ClassVar

from shared.events import Event
from shared.events.topics import ENFORCEMENT_POSITION, RECORDS_CHANGE, Topic


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


class EmergencyOpened(Event):
    """A clinician broke the glass of one chart: until `ends_at` they may read it, and somebody must review why by `review_due_at`."""

    topic: ClassVar[Topic] = RECORDS_CHANGE
    type: ClassVar[str] = "org.serment.records.emergency-opened.v1"
    key_field: ClassVar[str] = "patient"
    example: ClassVar[dict[str, Any]] = {
        "patient": "5f0c54d2-3f0a-4c52-9d6e-0a0d9f4b1c11",
        "site": "nord",
        "grant": "5d4f6d0a-93f1-4f7e-8f0c-0c3a3a5f7b21",
        "staff": "2d6b1c1a-7a61-4a0e-9b8e-2f6f6d1a9c55",
        "unit": "nord-urgences",
        "opened_at": "2026-11-25T18:06:37.125Z",
        "ends_at": "2026-11-25T22:06:37.125Z",
        "review_due_at": "2026-11-28T18:06:37.125Z",
    }

    patient: str
    site: str
    grant: str
    staff: str
    unit: str
    opened_at: datetime
    ends_at: datetime
    review_due_at: datetime


class PositionStated(Event):
    """Every directive up to `number` is applied by this incarnation, without a gap; `left` is its last word, for ever."""

    topic: ClassVar[Topic] = ENFORCEMENT_POSITION
    type: ClassVar[str] = "org.serment.records.position-stated.v1"
    key_field: ClassVar[str] = "incarnation"
    example: ClassVar[dict[str, Any]] = {"incarnation": "00112233445566778899aabbccddeeff", "epoch": 1, "number": 17, "left": False}

    incarnation: str
    epoch: int
    number: int
    left: bool = False
