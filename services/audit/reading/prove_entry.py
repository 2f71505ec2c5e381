"""Proves that the entry of a note stands in the signed ledger."""

from services.audit.checkpoint import TlogProof, parse_checkpoint, parse_note
from services.audit.checkpoint_store import CheckpointStore
from services.audit.ledger_store import LedgerStore
from services.audit.merkle import leaf_hash, verify_inclusion
from services.audit.model import Entry, Log
from services.audit.reading.read_log import NotInLedgerError, read_checkpoint
from services.audit.tile_store import TileStore
from services.audit.tiles import ReadTile, inclusion_proof


class UnprovableError(Exception):
    """The store does not prove its own entry: it was changed since it was signed."""


async def prove_entry(note: str, *, log: Log, store: LedgerStore, tiles: TileStore, checkpoints: CheckpointStore) -> TlogProof:
    """Under the latest checkpoint, and checked before it is handed out. Raises NotInLedgerError, UnprovableError or ShortTileError."""
    entry = await store.find(log, note)
    if entry is None:
        raise NotInLedgerError
    signed = await read_checkpoint(log, checkpoints=checkpoints)
    return await _prove(entry, signed, log, tiles)


async def _prove(entry: Entry, signed: str, log: Log, tiles: TileStore) -> TlogProof:
    checkpoint = parse_checkpoint(parse_note(signed)[0])
    if entry.index >= checkpoint.size:
        raise NotInLedgerError

    def prove(read_tile: ReadTile) -> list[bytes]:
        return inclusion_proof(entry.index, checkpoint.size, read_tile)

    hashes = await tiles.proof(log, prove)
    if not verify_inclusion(leaf_hash(entry.leaf), hashes, index=entry.index, size=checkpoint.size, root=checkpoint.root):
        raise UnprovableError
    return TlogProof(entry.index, tuple(hashes), signed)
