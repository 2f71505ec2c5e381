"""Answers the tiles and the checkpoint of a log, as C2SP tlog-tiles lays them out; nothing that was not signed."""

from typing import ClassVar

from services.audit.checkpoint import parse_checkpoint, parse_note
from services.audit.checkpoint_store import CheckpointStore
from services.audit.ledger_store import LedgerStore
from services.audit.merkle import HASH_SIZE
from services.audit.model import Log
from services.audit.tile_store import TileStore
from services.audit.tiles import HEIGHT, WIDTH, encode_entries, parse_tile_path
from shared.errors import AnticipatedError, Sentence


class NotInLedgerError(AnticipatedError):
    """No such log, tile or entry, or none that is signed yet."""

    slug: ClassVar[str] = "not-in-ledger"
    status: ClassVar[int] = 404
    fhir_code: ClassVar[str] = "not-found"
    sentence: ClassVar[Sentence] = Sentence(
        "This is not in the signed ledger, or not yet. New entries are signed within a second.",
        "Cela ne figure pas dans le registre signé, ou pas encore. Les nouvelles entrées sont signées en moins d’une seconde.",
    )


async def read_checkpoint(log: Log, *, checkpoints: CheckpointStore) -> str:
    """Raises NotInLedgerError before the first entry was signed."""
    note = await checkpoints.latest(log)
    if note is None:
        raise NotInLedgerError
    return note


async def signed_size(log: Log, *, checkpoints: CheckpointStore) -> int:
    note = await checkpoints.latest(log)
    return parse_checkpoint(parse_note(note)[0]).size if note else 0


async def read_tile(log: Log, path: str, *, store: LedgerStore, tiles: TileStore, checkpoints: CheckpointStore) -> bytes:
    """A tile of hashes, or a bundle of leaf data, under its one true name. Raises NotInLedgerError."""
    name = parse_tile_path(path)
    if name is None:
        raise NotInLedgerError
    first, end = name.n * WIDTH, name.n * WIDTH + name.width
    level = 0 if name.level == "entries" else name.level
    if end > await signed_size(log, checkpoints=checkpoints) >> HEIGHT * level:
        raise NotInLedgerError
    if name.level == "entries":
        return encode_entries(await store.leaves(log, first, end))
    hashes = (await tiles.find(log, [(level, name.n)])).get((level, name.n), b"")
    return hashes[: name.width * HASH_SIZE]
