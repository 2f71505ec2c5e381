"""Signs the head of a log, once it was read back and proved to extend everything signed before."""

from dataclasses import dataclass
from datetime import datetime

from services.audit.checkpoint import Checkpoint
from services.audit.checkpoint_store import CheckpointStore
from services.audit.ledger_store import LedgerStore
from services.audit.merkle import verify_consistency
from services.audit.model import Head, Log, Suspicion
from services.audit.signing.checkpoint_signer import CheckpointSigner
from services.audit.suspicions import Suspicions
from services.audit.tile_store import TileStore
from services.audit.tiles import ReadTile, ShortTileError, consistency_proof


class ForkError(Exception):
    """The head does not extend what was signed; nothing is signed, and the suspicion was raised."""


@dataclass(frozen=True, slots=True)
class SigningDesk:
    log: Log
    store: LedgerStore
    tiles: TileStore
    checkpoints: CheckpointStore
    signer: CheckpointSigner
    suspicions: Suspicions


@dataclass(frozen=True, slots=True)
class Known:
    """The highest checkpoint there is; `kept` when our own store has it too."""

    checkpoint: Checkpoint
    kept: bool = True


async def sign_checkpoint(known: Known | None, *, now: datetime, desk: SigningDesk) -> Known | None:
    """The highest checkpoint after this. Raises ForkError, CheckpointLostError or VaultUnavailableError."""
    head = await desk.store.head(desk.log)
    if head is None or (known is None and head.size == 0):
        return known
    if known is not None and not await _extends(head, known.checkpoint, desk):
        await desk.suspicions.raise_once(desk.log, _fork(desk.log, head, known.checkpoint), now=now)
        raise ForkError
    if known is not None and known.kept and known.checkpoint.size == head.size:
        return known

    checkpoint = Checkpoint(desk.log.origin, head.size, head.root)
    note = await desk.signer.sign(desk.log, checkpoint)
    await desk.checkpoints.keep(checkpoint, note, now=now)
    return Known(checkpoint)


async def _extends(head: Head, before: Checkpoint, desk: SigningDesk) -> bool:
    if head.size < before.size:
        return False
    if before.size == 0:
        return True

    def prove(read_tile: ReadTile) -> list[bytes]:
        return consistency_proof(before.size, head.size, read_tile)

    try:
        proof = await desk.tiles.proof(desk.log, prove)
    except ShortTileError:
        return False
    return verify_consistency(proof, first_size=before.size, first_root=before.root, second_size=head.size, second_root=head.root)


def _fork(log: Log, head: Head, before: Checkpoint) -> Suspicion:
    evidence = {"signed_size": before.size, "signed_root": before.root.hex(), "head_size": head.size, "head_root": head.root.hex()}
    return Suspicion(f"fork/{log.topic}/{before.size}/{head.size}", "fork", evidence)
