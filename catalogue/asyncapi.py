"""Writes docs/asyncapi.json, an AsyncAPI 3.0 document of every topic and the schema of every event on it.

Not made by FastStream: its door takes whole batches as bytes, so the document it makes has empty payloads.
"""

from typing import Any

import orjson

from catalogue.event_notes import BEAT, NOTES, NoteKind
from shared.events import TOPICS, Event, Topic, every_event

_HEADERS = {
    "type": "object",
    "required": ["ce_id", "ce_source", "ce_specversion", "ce_type", "ce_time"],
    "properties": {
        name: {"type": "string"} for name in ("ce_id", "ce_source", "ce_specversion", "ce_type", "ce_time", "traceparent", "tracestate")
    },
}


def asyncapi_document() -> str:
    messages = {kind.type: _event(kind) for kind in every_event()} | {kind.type: _note(kind) for kind in (*NOTES, BEAT)}
    document = {
        "asyncapi": "3.0.0",
        "info": {"title": "Serment", "version": "1", "description": "Made by `make catalogue` from the code; do not edit."},
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "components": {"messages": messages},
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _channel(topic: Topic) -> dict[str, Any]:
    stated = [kind.type for kind in every_event() if kind.topic is topic]
    stated += [kind.type for kind in (*NOTES, BEAT) if topic in kind.topics]
    return {
        "address": topic.name,
        "description": f"Stated by {topic.owner}, read by {', '.join(topic.readers) or 'nobody yet'}; keyed by {topic.keyed_by}.",
        "messages": {type_: {"$ref": f"#/components/messages/{type_}"} for type_ in stated},
        "bindings": {"kafka": {"topic": topic.name, "partitions": topic.partitions, "bindingVersion": "0.5.0"}},
    }


def _event(kind: type[Event]) -> dict[str, Any]:
    schema = kind.model_json_schema(mode="serialization")
    return _message(kind.__doc__ or "", schema, kind.example)


def _note(kind: NoteKind) -> dict[str, Any]:
    """A note's facts are described in words: what it holds depends on what happened."""
    return _message(kind.sentence, {"type": "object", "required": sorted(kind.example)}, kind.example)


def _message(summary: str, schema: dict[str, Any], example: Any) -> dict[str, Any]:
    return {"summary": summary, "headers": _HEADERS, "payload": schema, "examples": [{"payload": example}]}
