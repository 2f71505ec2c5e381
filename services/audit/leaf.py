"""Turns a note's exact bytes into its leaf data, and reads the facts that the ledger files it under."""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson

from shared.vocabulary import is_ours

PREFIX = b"serment/note/v1\0"
SALT_SIZE = 32
NO_SALT = bytes(SALT_SIZE)
LARGEST_NUMBER = 2**63 - 1
_INCARNATION = re.compile(r"[0-9a-f]{32}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)


@dataclass(frozen=True, slots=True)
class NoteFacts:
    id: str
    incarnation: str
    partition: int
    number: int
    time: datetime
    type: str
    patient: str | None = None


@dataclass(frozen=True, slots=True)
class Opaque:
    """An entry kept and flagged, of which only order and bytes are known; the reason names a field, never its content."""

    reason: str


class _UnreadableError(ValueError):
    """Why a note cannot be read."""


def leaf_data(value: bytes) -> bytes:
    """Never raises: a salt that cannot be read counts as 32 zero bytes. Of a key written twice, the last counts."""
    try:
        salt = _salt(_object(value))
    except _UnreadableError:
        salt = NO_SALT
    return sha256(PREFIX + salt + value).digest()


def read_note(value: bytes, headers: Mapping[str, bytes]) -> NoteFacts | Opaque:
    """Never raises. A header that is absent contradicts nothing."""
    try:
        note = _object(value)
        _salt(note)
        facts = _facts(note)
        _compare(note, headers)
    except _UnreadableError as why:
        return Opaque(str(why))
    return facts


def _object(value: bytes) -> dict[str, Any]:
    try:
        note = orjson.loads(value)
    except orjson.JSONDecodeError:
        raise _UnreadableError("not-json") from None
    if not isinstance(note, dict):
        raise _UnreadableError("not-an-object")
    return note


def _salt(note: dict[str, Any]) -> bytes:
    text = note.get("salt")
    try:
        salt = b64decode(text, validate=True) if isinstance(text, str) else b""
    except ValueError:
        salt = b""
    # Written back and compared: decoders differ on stray bits and padding, and a replay must not.
    if len(salt) != SALT_SIZE or b64encode(salt).decode() != text:
        raise _UnreadableError("salt")
    return salt


def _facts(note: dict[str, Any]) -> NoteFacts:
    return NoteFacts(
        id=_text(note, "id"),
        incarnation=_incarnation(note),
        partition=_whole(note, "partition", lowest=0),
        number=_whole(note, "number", lowest=1),
        time=_time(note),
        type=_text(note, "type"),
        patient=_patient(note),
    )


def _text(note: dict[str, Any], key: str) -> str:
    text = note.get(key)
    if not isinstance(text, str) or not text:
        raise _UnreadableError(key)
    return text


def _patient(note: dict[str, Any]) -> str | None:
    """The note's own word, where it is an id as we give them; anything else finds nothing, and spoils nothing."""
    patient = note.get("patient")
    return patient if isinstance(patient, str) and is_ours(patient) else None


def _incarnation(note: dict[str, Any]) -> str:
    text = _text(note, "incarnation")
    if not _INCARNATION.fullmatch(text):
        raise _UnreadableError("incarnation")
    return text


def _whole(note: dict[str, Any], key: str, *, lowest: int) -> int:
    number = note.get(key)
    if type(number) is not int or not lowest <= number <= LARGEST_NUMBER:
        raise _UnreadableError(key)
    return number


def _time(note: dict[str, Any]) -> datetime:
    text = _text(note, "time")
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _UnreadableError("time")


def _compare(note: dict[str, Any], headers: Mapping[str, bytes]) -> None:
    for key in ("id", "type", "time", "incarnation", "number"):
        header = f"ce_{key}"
        if header in headers and headers[header] != str(note[key]).encode():
            raise _UnreadableError(header)
