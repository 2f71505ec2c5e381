"""Walks a log from its first entry on, recomputing leaves, tiles and root from the unsealed bytes."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from services.audit.checkpoint_store import CheckpointStore
from services.audit.entry_sealer import EntrySealer, OpenedEntry
from services.audit.leaf import leaf_data
from services.audit.ledger_store import LedgerStore
from services.audit.merkle import leaf_hash
from services.audit.model import Entry, Incoming, Log
from services.audit.numbers_seen import NumbersSeen
from services.audit.sequencing.filing import NUMBER_REUSED
from services.audit.sequencing.incoming import Note, Unreadable, read_incoming
from services.audit.tile_store import Place, TileStore
from services.audit.tiles import HEIGHT, TILE_BYTES, WIDTH, TileTree
from services.audit.verifying.latest_writes import LatestWrites
from services.audit.verifying.report import Report
from shared.keyring import KeyErasedError
from shared.sealing import UnreadableError


@dataclass(frozen=True, slots=True)
class Evidence:
    """The stores as an auditor's own credentials open them."""

    store: LedgerStore
    tiles: TileStore
    checkpoints: CheckpointStore
    sealer: EntrySealer


class Walk:
    """Only ever forward; holds the unfinished tiles and the numbers seen, nothing that grows with the log."""

    def __init__(self, log: Log, evidence: Evidence, *, writes: LatestWrites, report: Report) -> None:
        self.log = log
        self.numbers: dict[str, NumbersSeen] = {}
        self.whole = True
        """False once an entry was missing: the roots after it cannot be compared."""
        self._evidence = evidence
        self._writes = writes
        self._report = report
        self._tree = TileTree()
        self._offset = -1
        self._rows: AsyncIterator[Entry] | None = None
        self._ahead: Entry | None = None

    @property
    def size(self) -> int:
        return self._tree.size

    async def to(self, size: int) -> bytes:
        """The root recomputed at that size."""
        while self._tree.size < size:
            await self._take(self._tree.size, min(size, (self._tree.size // WIDTH + 1) * WIDTH))
        return self._tree.root()

    async def check_edge(self) -> None:
        """The unfinished tiles, which may have grown since."""
        edge = {(level, self.size >> HEIGHT * (level + 1)): tile for level, tile in enumerate(self._tree.edge) if tile}
        await self._compare(edge)

    async def _take(self, first: int, end: int) -> None:
        found = await self._page(first, end)
        leaves = []
        for index in range(first, end):
            leaves.append(leaf_hash(await self._leaf(found[index])) if index in found else bytes(32))
            if index not in found:
                self.whole = False
                self._report.fail("entry-missing", self.log.topic, index=index)
        self._report.counts["entries"] += len(found)
        growth = self._tree.append(leaves)
        self._tree = growth.tree
        if self.whole:
            await self._compare({place: tile for place, tile in growth.changed.items() if len(tile) == TILE_BYTES})

    async def _page(self, first: int, end: int) -> dict[int, Entry]:
        """Of one stream, opened anew where it ended; an entry that comes too early waits for its page."""
        page: dict[int, Entry] = {}
        opened_now = self._rows is None
        rows = self._rows = self._rows or self._evidence.store.entries_from(self.log, first)
        while len(page) < end - first:
            entry, self._ahead = self._ahead or await anext(rows, None), None
            if entry is None:
                self._rows = None
                return page if opened_now else await self._page(first, end)
            if entry.index >= end:
                self._ahead = entry
                break
            page[entry.index] = entry
        return page

    async def _compare(self, tiles: Mapping[Place, bytes]) -> None:
        stored = await self._evidence.tiles.find(self.log, tiles)
        for place, tile in tiles.items():
            if stored.get(place, b"")[: len(tile)] != tile:
                self._report.fail("tile-altered", self.log.topic, level=place[0], n=place[1])

    async def _leaf(self, entry: Entry) -> bytes:
        """Recomputed wherever the bytes are still there."""
        if entry.offset <= self._offset:
            self._report.fail("reordered", self.log.topic, index=entry.index, offset=entry.offset)
        self._offset = max(self._offset, entry.offset)
        self._count_number(entry)
        try:
            opened = await self._evidence.sealer.open(self.log, entry)
        except KeyErasedError:
            opened = None
        except UnreadableError:
            self._report.fail("entry-altered", self.log.topic, index=entry.index)
            return entry.leaf
        if opened is None:
            self._report.counts["erased"] += 1
            return entry.leaf
        return self._recomputed(entry, opened)

    def _recomputed(self, entry: Entry, opened: OpenedEntry) -> bytes:
        leaf = leaf_data(opened.value)
        if leaf != entry.leaf or not _tells(entry, opened):
            self._report.fail("entry-altered", self.log.topic, index=entry.index)
        if entry.flag is None:
            note: dict[str, Any] = orjson.loads(opened.value)
            self._report.counts["writes"] += self._writes.take(note, entry=entry.index)
        return leaf

    def _count_number(self, entry: Entry) -> None:
        if entry.flag is not None:
            rule = entry.flag if entry.flag == NUMBER_REUSED else "unreadable-note"
            self._report.warn(rule, self.log.topic, index=entry.index)
        elif entry.incarnation is not None and entry.number is not None:
            added = self.numbers.setdefault(entry.incarnation, NumbersSeen()).add(entry.number)
            if not added:
                self._report.fail("number-twice", self.log.topic, index=entry.index, incarnation=entry.incarnation, number=entry.number)


def _tells(entry: Entry, opened: OpenedEntry) -> bool:
    """Whether what finds the entry, in clear, is what its bytes say."""
    said = read_incoming(Incoming(entry.offset, 0, opened.value, opened.headers))
    if isinstance(said, Note):
        filed = (entry.note, entry.incarnation, entry.number)
        return filed == (said.facts.id, said.facts.incarnation, said.facts.number) and entry.flag in {None, NUMBER_REUSED}
    if isinstance(said, Unreadable):
        return (entry.note, entry.incarnation, entry.number, entry.flag) == (None, None, None, said.reason)
    return False
