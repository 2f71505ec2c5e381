"""Writes docs/events.md: every topic, every event with its fields and an example, every note."""

from collections.abc import Iterable

import orjson

from catalogue.event_notes import BEAT, FRAME, NOTES, NoteKind
from catalogue.markdown import code, codes, json_block, page, table
from catalogue.type_names import type_name
from shared.events import TOPICS, Event, Topic, every_event

_INTRO = (
    "CloudEvents 1.0 on Kafka, binary mode: `ce_id`, `ce_source`, `ce_type`, `ce_time` and `ce_specversion` are headers, "
    "the value is JSON. Only the owner of a topic states its events; readers may only add tolerance. "
    "Values carry ids and facts, never a name or clinical text. "
    "One example of every type ever published is kept under `tests/contracts/events/` and read again by the tests."
)
_NOTES = (
    "Made by `shared/notes.py` and kept before anything is answered. The value's exact bytes are the leaf of the ledger. "
    "Every note has this frame, and beside it the facts of its type:"
)


def events_page() -> str:
    return page(
        "Events",
        _INTRO,
        "## Topics",
        table(
            ("topic", "owner", "keyed by", "partitions", "kept for", "cleanup", "largest", "readers", "parked"),
            [_topic(topic) for topic in TOPICS],
        ),
        "## Events",
        *(part for kind in every_event() for part in _event(kind)),
        "## Notes",
        _NOTES,
        table(("field", "what it says"), _rows(FRAME.items())),
        *(part for kind in NOTES for part in _note(kind)),
        "## Heartbeat",
        *_note(BEAT),
    )


def _topic(topic: Topic) -> list[str]:
    kept = "without limit" if topic.retention_days is None or topic.compacted else f"{topic.retention_days} days"
    parked = code(f"{topic.name}.parked") if topic.parked else "no"
    largest = f"{topic.max_message_bytes >> 20} MiB"
    cleanup = "compact" if topic.compacted else "delete"
    return [
        code(topic.name),
        topic.owner,
        topic.keyed_by,
        str(topic.partitions),
        kept,
        cleanup,
        largest,
        ", ".join(topic.readers) or "nobody yet",
        parked,
    ]


def _event(kind: type[Event]) -> list[str]:
    fields = [(name, code(type_name(field.annotation))) for name, field in kind.model_fields.items()]
    return [
        f"### {kind.type}",
        f"{kind.__doc__} On {code(kind.topic.name)}, keyed by {code(kind.key_field)}.",
        table(("field", "type"), _rows(fields)),
        json_block(_pretty(kind.example)),
    ]


def _note(kind: NoteKind) -> list[str]:
    return [
        f"### {kind.type}",
        f"{kind.sentence} On {codes(topic.name for topic in kind.topics)}, keyed by `incarnation`.",
        table(("field", "what it says"), _rows(kind.facts.items())),
        json_block(_pretty(kind.example)),
    ]


def _rows(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(code(name), text) for name, text in pairs]


def _pretty(example: object) -> str:
    return orjson.dumps(example, option=orjson.OPT_INDENT_2).decode()
