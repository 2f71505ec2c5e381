"""Events as facts between services: CloudEvents 1.0 in binary mode, each owned by the service that states it."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.clock import rfc3339
from shared.events.topics import TOPICS, Topic, topic_named
from shared.telemetry import trace_headers

__all__ = ["TOPICS", "Event", "EventRecord", "Topic", "UnreadableEventError", "every_event", "topic_named"]


class UnreadableEventError(Exception):
    """The bytes are not an event of this type; the message never repeats them."""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One Kafka record, ready to be sent or kept in an outbox; `ident` is the event id, `number` that of a note (0 for other events)."""

    ident: str
    topic: str
    key: bytes | None
    headers: list[tuple[str, bytes]]
    value: bytes | None
    partition: int | None = None
    number: int = 0


class Event(BaseModel):
    """The parent of every event: subclasses say topic, type and key field, and their docstring is the catalogue's entry."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, extra="ignore")

    topic: ClassVar[Topic]
    type: ClassVar[str]
    key_field: ClassVar[str]
    example: ClassVar[dict[str, Any]]

    def to_record(self, *, source: str, now: datetime) -> EventRecord:
        """A new event id is drawn; the value is the fields as JSON."""
        ident = str(uuid.uuid4())
        headers = cloud_headers(ident=ident, source=source, type_=self.type, time=rfc3339(now))
        return EventRecord(
            ident, self.topic.name, str(getattr(self, self.key_field)).encode(), headers, orjson.dumps(self.model_dump(mode="json"))
        )

    @classmethod
    def from_value(cls, value: bytes | None) -> Self:
        try:
            return cls.model_validate_json(value or b"")
        except ValidationError as error:
            raise UnreadableEventError(f"{cls.__name__}: {error.error_count()} fields are wrong") from None


def cloud_headers(*, ident: str, source: str, type_: str, time: str) -> list[tuple[str, bytes]]:
    """CloudEvents Kafka binding, binary mode, plus the W3C trace headers of the moment."""
    attributes = {"ce_id": ident, "ce_source": source, "ce_specversion": "1.0", "ce_type": type_, "ce_time": time}
    attributes |= {"content-type": "application/json", **trace_headers()}
    return [(name, text.encode()) for name, text in attributes.items()]


def every_event() -> list[type[Event]]:
    """All event classes, in the order of their topics; importing this package's modules registers them."""
    from shared.events import audit, consent, governance, notifier, portal, records  # noqa: F401 - they register by being imported

    return sorted(Event.__subclasses__(), key=lambda kind: (kind.topic.name, kind.type))
