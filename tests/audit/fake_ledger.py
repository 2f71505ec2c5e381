"""A ledger in memory that counts what is read and opened of it."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from services.audit.entry_sealer import OpenedEntry
from services.audit.model import Entry, Head, Log
from tests.audit.detecting_desk import BEGAN, said

Written = tuple[float, dict[str, Any] | bytes | Exception | None]
"""The minute after the beginning in which it was appended, and what it says."""


@dataclass
class FakeLedger:
    """Entries in memory; `opened` holds the indexes that anybody looked into."""

    entries: list[Entry] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    opened: list[int] = field(default_factory=list)
    read: int = 0
    next_offset: int = 0

    async def page(self, _log: Log, first: int, end: int) -> list[Entry]:
        self.read += end - first
        return self.entries[first:end]

    async def head(self, _log: Log) -> Head | None:
        return Head("t", len(self.entries), b"", self.next_offset, 1)

    async def about(self, _log: Log, about: bytes, *, before: int, most: int, first: int = 0) -> list[Entry]:
        return [entry for entry in reversed(self.entries[first:before]) if entry.about == about][:most]

    async def open(self, _log: Log, entry: Entry) -> OpenedEntry | None:
        self.opened.append(entry.index)
        value = self.values[entry.index]
        if isinstance(value, Exception):
            raise value
        if value is None:
            return None
        return OpenedEntry(value if isinstance(value, bytes) else json.dumps(value).encode(), ())


def a_ledger(written: Sequence[Written]) -> FakeLedger:
    ledger = FakeLedger(next_offset=len(written))
    for index, (minute, value) in enumerate(written):
        at = BEGAN + timedelta(minutes=minute)
        note, patient = (value.get("id"), value.get("patient")) if isinstance(value, dict) else (None, None)
        about = patient.encode() if isinstance(patient, str) else None
        ledger.entries.append(Entry(index, index, b"", note, None, None, None, at, "access/2026-11", b"", about))
        ledger.values.append(value)
    return ledger


def access(minute: float, *, patient: Any = "patient-1", **facts: Any) -> dict[str, Any]:
    return said(str(uuid.uuid4()), at=minute * 60, patient=patient, **facts)
