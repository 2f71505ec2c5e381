"""Tells what a Kafka record is: a heartbeat, a note, or bytes of which only their order can be kept."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from services.audit.leaf import LARGEST_NUMBER, NoteFacts, Opaque, leaf_data, read_note
from services.audit.model import Incoming
from shared.notes import HEARTBEAT

LONGEST_ID = 64
STATES = frozenset({"alive", "left", "dead"})
_INCARNATION = re.compile(r"[0-9a-f]{32}")
_MARK = HEARTBEAT.encode()


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Not a leaf: every number below `lowest` is in Kafka, and `next` was not drawn yet."""

    offset: int
    incarnation: str
    state: str
    lowest: int
    next: int


@dataclass(frozen=True, slots=True)
class Note:
    record: Incoming
    leaf: bytes
    facts: NoteFacts


@dataclass(frozen=True, slots=True)
class Unreadable:
    record: Incoming
    leaf: bytes
    reason: str


def read_incoming(record: Incoming) -> Heartbeat | Note | Unreadable:
    """Never raises. A heartbeat that is malformed is kept as a leaf, so that nothing is passed over."""
    if _MARK in record.value and (claimed := _claimed_heartbeat(record)) is not None:
        return _heartbeat(record, claimed) or Unreadable(record, leaf_data(record.value), "heartbeat")
    leaf = leaf_data(record.value)
    facts = read_note(record.value, {name: value for name, value in record.headers if value is not None})
    if isinstance(facts, Opaque):
        return Unreadable(record, leaf, facts.reason)
    if facts.partition != record.partition:
        return Unreadable(record, leaf, "partition")
    if len(facts.id) > LONGEST_ID:
        return Unreadable(record, leaf, "id")
    return Note(record, leaf, facts)


def _claimed_heartbeat(record: Incoming) -> dict[str, Any] | None:
    """A note that only quotes the word is not one: the value's own type decides."""
    try:
        said = orjson.loads(record.value)
    except orjson.JSONDecodeError:
        return None
    return said if isinstance(said, dict) and said.get("type") == HEARTBEAT else None


def _heartbeat(record: Incoming, said: Mapping[str, Any]) -> Heartbeat | None:
    fields: list[Any] = [said.get(name) for name in ("incarnation", "state", "lowest", "next")]
    incarnation, state, lowest, following = fields
    if not isinstance(incarnation, str) or not _INCARNATION.fullmatch(incarnation):
        return None
    if not isinstance(state, str) or state not in STATES or dict(record.headers).get("ce_type", _MARK) != _MARK:
        return None
    if not all(type(number) is int and 0 <= number <= LARGEST_NUMBER for number in (lowest, following)):
        return None
    return Heartbeat(record.offset, incarnation, state, lowest, following)
