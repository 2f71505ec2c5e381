"""Verifies whole logs against what was signed, and the sites' records against the logs; needs no running service."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from services.audit.checkpoint import Checkpoint, TlogProof, Verifier, WordRejectedError, open_checkpoint, parse_vkey, verify_proof
from services.audit.checkpoint_store import CheckpointStore
from services.audit.entry_sealer import EntrySealer
from services.audit.leaf import leaf_data
from services.audit.ledger_store import LedgerStore
from services.audit.merkle import leaf_hash
from services.audit.model import Head, Log
from services.audit.reading.prove_entry import prove_entry
from services.audit.reading.read_log import NotInLedgerError
from services.audit.suspicions import Suspicions
from services.audit.tile_store import TileStore
from services.audit.verifying.compare_numbers import compare_numbers
from services.audit.verifying.compare_records import accuse_doubted, compare_records, look_again
from services.audit.verifying.latest_writes import LatestWrites
from services.audit.verifying.report import Report
from services.audit.verifying.walk import Evidence, Walk
from shared.keyring import Keyring
from shared.mongo import Database, Mongo
from shared.outbox import Outbox

_LOOKS = 3


@dataclass(frozen=True, slots=True)
class Trusted:
    """What the auditor knows from elsewhere: the log's verifier key, and a checkpoint read from Kafka or given by a witness."""

    vkey: str
    published: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Which logs, and whose records; sites that are not named are not looked at."""

    logs: Mapping[Log, Trusted]
    records: Mapping[str, Database] = field(default_factory=dict)
    patience: float = 2.0
    """Seconds between two looks at a document whose note may be on its way."""


def open_evidence(mongo: Mongo, database: Database, *, keyring: Keyring, group: str) -> Evidence:
    outbox, tiles = Outbox(database), TileStore(database)
    store = LedgerStore(mongo, database, tiles=tiles, suspicions=Suspicions(mongo, database, outbox))
    return Evidence(store, tiles, CheckpointStore(mongo, database, outbox), EntrySealer(keyring, group=group))


async def verify_ledger(scope: Scope, *, evidence: Evidence) -> Report:
    """Raises VaultUnavailableError or a MongoError when it cannot look; whatever it sees is in the report."""
    report, writes = Report(), LatestWrites()
    try:
        walks = [await _verify_log(log, trusted, evidence, writes, report) for log, trusted in scope.logs.items()]
        for site, database in scope.records.items():
            await compare_records(site, database, writes=writes, report=report)
        await _settle_doubts(scope, walks, evidence, writes, report)
    finally:
        writes.close()
    return report


async def _verify_log(log: Log, trusted: Trusted, evidence: Evidence, writes: LatestWrites, report: Report) -> Walk:
    """What was signed is read first: the head that is read after it can only be larger."""
    verifier = parse_vkey(trusted.vkey)
    known = [note for note in (trusted.published, await evidence.checkpoints.latest(log)) if note is not None]
    head, sources = await evidence.store.snapshot(log)
    head = head or Head("")
    walk = Walk(log, evidence, writes=writes, report=report)
    highest = 0
    async for checkpoint in _signed(log, known, verifier, evidence, report):
        highest = max(highest, checkpoint.size)
        await _compare_root(checkpoint, walk, head, report)
    if head.size and not highest:
        report.warn("unsigned", log.topic, size=head.size)
    await _compare_head(walk, head, report)
    await walk.check_edge()
    for finding in compare_numbers(log.topic, walk.numbers, sources):
        report.add(finding)
    return walk


async def _signed(log: Log, known: list[str], verifier: Verifier, evidence: Evidence, report: Report) -> AsyncIterator[Checkpoint]:
    """Every checkpoint whose signature holds, smallest first; those that were signed after we began are left for the next time."""
    opened = sorted((each for note in known if (each := _opened(note, log, verifier, report))), key=lambda each: each.size)
    largest = opened[-1].size if opened else 0
    async for note in evidence.checkpoints.every(log):
        checkpoint = _opened(note, log, verifier, report)
        if checkpoint is None or checkpoint.size > largest:
            continue
        while opened and opened[0].size <= checkpoint.size:
            yield opened.pop(0)
        yield checkpoint
    for checkpoint in opened:
        yield checkpoint


def _opened(note: str, log: Log, verifier: Verifier, report: Report) -> Checkpoint | None:
    report.counts["checkpoints"] += 1
    try:
        return open_checkpoint(note, log=verifier)[0]
    except WordRejectedError:
        report.fail("forged-checkpoint", log.topic, size=note.split("\n", 2)[1][:20] if note.count("\n") > 1 else "")
        return None


async def _compare_root(checkpoint: Checkpoint, walk: Walk, head: Head, report: Report) -> None:
    topic = walk.log.topic
    if checkpoint.size > head.size:
        report.fail("cut", topic, signed_size=checkpoint.size, size=head.size)
    elif checkpoint.size < walk.size:
        report.fail("checkpoint-misfiled", topic, size=checkpoint.size)
    elif await walk.to(checkpoint.size) != checkpoint.root and walk.whole:
        report.fail("fork", topic, size=checkpoint.size)


async def _compare_head(walk: Walk, head: Head, report: Report) -> None:
    if await walk.to(head.size) != head.root and walk.whole:
        report.fail("head-altered", walk.log.topic, size=head.size)


async def _settle_doubts(scope: Scope, walks: list[Walk], evidence: Evidence, writes: LatestWrites, report: Report) -> None:
    for _ in range(_LOOKS):
        if not any(writes.doubts(site) for site in scope.records):
            return
        await asyncio.sleep(scope.patience)
        for walk in walks:
            head = await evidence.store.head(walk.log)
            if head is not None and head.size > walk.size:
                await _compare_head(walk, head, report)
        for site, database in scope.records.items():
            await look_again(site, database, writes=writes, report=report)
    for site in scope.records:
        accuse_doubted(site, writes=writes, report=report)


async def prove_note(note: str, *, log: Log, vkey: str, evidence: Evidence) -> tuple[TlogProof, Checkpoint]:
    """The proof, verified from the unsealed bytes up to a signature of that key. Raises NotInLedgerError or WordRejectedError."""
    proof = await prove_entry(note, log=log, store=evidence.store, tiles=evidence.tiles, checkpoints=evidence.checkpoints)
    entry = await evidence.store.find(log, note)
    opened = await evidence.sealer.open(log, entry) if entry else None
    if opened is None:
        raise NotInLedgerError
    return proof, verify_proof(proof, leaf_hash(leaf_data(opened.value)), log=parse_vkey(vkey))
