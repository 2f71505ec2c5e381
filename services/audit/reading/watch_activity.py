"""Shows what happens, entry by entry, without saying to whom: no patient, no resource id, no actor id."""

from collections.abc import Mapping
from typing import Any

import orjson

from services.audit.checkpoint_store import CheckpointStore
from services.audit.entry_sealer import EntrySealer
from services.audit.ledger_store import LedgerStore
from services.audit.model import Entry, Log
from services.audit.progress import Progress
from services.audit.reading.read_log import signed_size
from shared.keyring import KeyErasedError
from shared.sealing import UnreadableError

PAGE = 200
LONGEST_WORD = 64
_OF_NOTE = ("time", "type", "action", "resourceType", "outcome", "reason", "status", "purpose", "relationship")
_OF_ACTOR = ("profession", "unit", "site")
_LOOK_AGAIN = 1.0


async def await_entries(log: Log, *, after: int, wait: float, store: LedgerStore, progress: Progress) -> int:
    """The size of the log, once it has entries after that index, or when the wait is over."""
    while True:
        head = await store.head(log)
        size = head.size if head else 0
        if size > after + 1 or wait <= 0:
            return size
        await progress.grows(within=min(wait, _LOOK_AGAIN))
        wait -= _LOOK_AGAIN


async def list_activity(
    log: Log, first: int, end: int, *, store: LedgerStore, sealer: EntrySealer, checkpoints: CheckpointStore
) -> list[dict[str, Any]]:
    """The entries of [first, end), at most a page. Raises VaultUnavailableError."""
    signed = await signed_size(log, checkpoints=checkpoints)
    listed = await store.page(log, first, min(end, first + PAGE))
    return [{"index": entry.index, **shown(await opened_note(log, entry, sealer)), "signed": entry.index < signed} for entry in listed]


async def opened_note(log: Log, entry: Entry, sealer: EntrySealer) -> Mapping[str, Any]:
    """Empty when it is opaque or was erased: then its place in the order is all there is to show."""
    try:
        opened = await sealer.open(log, entry)
        note = orjson.loads(opened.value) if opened and entry.note is not None else {}
    except (KeyErasedError, UnreadableError):
        return {}
    return note if isinstance(note, dict) else {}


def shown(note: Mapping[str, Any]) -> dict[str, Any]:
    """What names nobody: neither patient, nor resource, nor account."""
    actor = note.get("actor")
    said = {name: note.get(name) for name in _OF_NOTE} | {name: actor.get(name) if isinstance(actor, dict) else None for name in _OF_ACTOR}
    if said["site"] is None:
        said["site"] = note.get("site")
    return {name: word(value) for name, value in said.items()}


def word(value: Any) -> str | int | None:
    """Codes and numbers only; a text as long as a sentence is none."""
    if isinstance(value, str) and len(value) <= LONGEST_WORD:
        return value
    return value if type(value) is int else None
