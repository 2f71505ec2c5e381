"""Seals entries under one key per retention class and month of append, bound to their index."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.audit.model import Draft, Entry, Headers, Log
from shared.keyring import KeyAbsentError, Keyring
from shared.sealing import DataKey, Place, UnreadableError, key_id_of

RETENTION_CLASS = "access"
TRAIL = "trail/1"
"""The keyring owner of the key that the patients of entries are indexed under."""
_ABSENT = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class OpenedEntry:
    value: bytes = field(repr=False)
    headers: Headers = field(repr=False)


class EntrySealer:
    """What is sealed are the record's exact bytes: value and headers."""

    def __init__(self, keyring: Keyring, *, group: str) -> None:
        self._keyring = keyring
        self._group = group

    async def seal(self, log: Log, drafts: Sequence[Draft], *, first_index: int, now: datetime) -> list[Entry]:
        """Raises KeyErasedError or VaultUnavailableError."""
        if not drafts:
            return []
        name = key_name(now)
        key = (await self._keyring.make(name)).current
        trail = (await self._keyring.make(TRAIL)).current
        entries = []
        for index, draft in enumerate(drafts, start=first_index):
            sealed = key.seal(_packed(draft.record.value, draft.record.headers), self._place(log, name, index))
            offset = draft.record.offset
            facts = (draft.note, draft.incarnation, draft.number, draft.flag)
            entries.append(Entry(index, offset, draft.leaf, *facts, now, name, sealed, _blinded(trail, draft.patient)))
        return entries

    async def about(self, patient: str) -> bytes:
        """By which the entries about a patient are found. Raises KeyErasedError or VaultUnavailableError."""
        return (await self._keyring.make(TRAIL)).current.blind(patient.encode())

    async def open(self, log: Log, entry: Entry) -> OpenedEntry | None:
        """None for an entry that was erased early. Raises KeyErasedError, UnreadableError or VaultUnavailableError."""
        if entry.sealed is None:
            return None
        try:
            keys = await self._keyring.keys_of(entry.key)
        except KeyAbsentError as error:
            raise UnreadableError from error
        return _unpacked(keys.opening(key_id_of(entry.sealed)).open(entry.sealed, self._place(log, entry.key, entry.index)))

    def _place(self, log: Log, key: str, index: int) -> Place:
        return Place(self._group, key, log.origin, str(index), 1)


def _blinded(trail: DataKey, patient: str | None) -> bytes | None:
    return None if patient is None else trail.blind(patient.encode())


def key_name(now: datetime) -> str:
    """The keyring owner: `access/2026-11`."""
    return f"{RETENTION_CLASS}/{now:%Y-%m}"


def _packed(value: bytes, headers: Headers) -> bytes:
    parts = [struct.pack(">I", len(value)), value]
    for name, content in headers:
        raw = name.encode()
        parts += [struct.pack(">HI", len(raw), _ABSENT if content is None else len(content)), raw, content or b""]
    return b"".join(parts)


def _unpacked(packed: bytes) -> OpenedEntry:
    (length,) = struct.unpack_from(">I", packed)
    at = 4 + length
    headers: list[tuple[str, bytes | None]] = []
    while at < len(packed):
        name_length, content_length = struct.unpack_from(">HI", packed, at)
        start = at + 6 + name_length
        absent = content_length == _ABSENT
        at = start + (0 if absent else content_length)
        headers.append((packed[start - name_length : start].decode(), None if absent else packed[start:at]))
    return OpenedEntry(packed[4 : 4 + length], tuple(headers))
