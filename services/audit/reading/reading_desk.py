"""The things that the stories of telling accesses work with."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from services.audit.entry_sealer import EntrySealer
from services.audit.ledger_store import LedgerStore
from shared.notes import Notes


@dataclass(frozen=True, slots=True)
class ReadingDesk:
    """`naming_sites` tell patients by name who looked, so their trail has the accounts of the staff there."""

    store: LedgerStore
    sealer: EntrySealer
    notes: Notes
    naming_sites: AbstractSet[str] = frozenset()
