"""Appends one batch of Kafka records to a log, each note exactly once."""

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from opentelemetry.trace import SpanKind

from services.audit.entry_sealer import EntrySealer
from services.audit.ledger_store import LedgerStore, Turn
from services.audit.merkle import leaf_hash
from services.audit.model import Head, Incoming, Log, Source
from services.audit.sequencing.completeness import is_open, silence_of
from services.audit.sequencing.filing import Arrival, file_batch, suspects
from services.audit.sequencing.incoming import Heartbeat, Note, read_incoming
from services.audit.sequencing.take_up_log import Memory
from shared.telemetry import span, tracing

MOST_SOURCES_HELD = 1000
_SAMPLED = re.compile(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f][13579bdf]").fullmatch
"""The lowest bit says so; a trace that began here has the second one too, for its id is random."""


@dataclass(frozen=True, slots=True)
class Ledger:
    log: Log
    store: LedgerStore
    sealer: EntrySealer


async def sequence_notes(batch: Sequence[Incoming], memory: Memory, *, now: datetime, ledger: Ledger) -> Memory:
    """The memory after the transaction. Raises HeadLostError when somebody else moved the head: then nothing was written."""
    fresh = [record for record in batch if record.offset >= memory.head.next_offset]
    if not fresh:
        return memory
    with ExitStack() as spans:
        _trace(spans, ledger.log, fresh)
        return await _sequence(fresh, memory, now=now, ledger=ledger)


async def _sequence(batch: Sequence[Incoming], memory: Memory, *, now: datetime, ledger: Ledger) -> Memory:
    log, store = ledger.log, ledger.store
    arrivals = [read_incoming(record) for record in batch]
    sources = await _known_sources(arrivals, memory, ledger)
    kept = await store.leaves_of(log, suspects(arrivals, sources))
    filing = file_batch(arrivals, sources, kept, topic=log.topic, now=now)

    entries = await ledger.sealer.seal(log, filing.drafts, first_index=memory.head.size, now=now)
    growth = memory.tree.append([leaf_hash(draft.leaf) for draft in filing.drafts])
    root = growth.tree.root() if filing.drafts else memory.head.root
    head = Head(memory.head.topic_id, growth.size, root, batch[-1].offset + 1, memory.head.turn + 1)
    await store.advance(log, memory.head, Turn(head, entries, growth.changed, filing.sources, filing.suspicions), now=now)
    return Memory(head, growth.tree, _held(sources | dict(filing.sources)))


async def _known_sources(arrivals: Sequence[Arrival], memory: Memory, ledger: Ledger) -> dict[str, Source]:
    named = {
        each.incarnation if isinstance(each, Heartbeat) else each.facts.incarnation
        for each in arrivals
        if isinstance(each, Heartbeat | Note)
    }
    unknown = named - memory.sources.keys()
    return memory.sources | (await ledger.store.sources(ledger.log, unknown) if unknown else {})


def _held(sources: Mapping[str, Source]) -> dict[str, Source]:
    """Those that ended are read again if they ever speak."""
    held = {incarnation: source for incarnation, source in sources.items() if is_open(source)}
    return held if len(held) <= MOST_SOURCES_HELD else {}


async def watch_silence(memory: Memory, *, now: datetime, listening_since: datetime, bound: timedelta, ledger: Ledger) -> Memory:
    """Raises a suspicion for each source that fell silent, once per silence. Raises HeadLostError."""
    log = ledger.log
    silent: dict[str, Source] = {}
    suspicions = []
    for source in await ledger.store.open_sources(log):
        found = silence_of(source, topic=log.topic, now=now, listening_since=listening_since, bound=bound)
        if found:
            silent[source.incarnation] = replace(source, silent=True)
            suspicions.append(found)
    if not suspicions:
        return memory
    head = replace(memory.head, turn=memory.head.turn + 1)
    await ledger.store.advance(log, memory.head, Turn(head, (), {}, silent, suspicions), now=now)
    return Memory(head, memory.tree, _held(memory.sources | silent))


def _trace(spans: ExitStack, log: Log, batch: Sequence[Incoming]) -> None:
    """A consumer span for each sampled note, as a child of the request that made it."""
    if not tracing():
        return
    for record in batch:
        parent = dict(record.headers).get("traceparent")
        if parent and _SAMPLED(parent):
            carrier = {"traceparent": parent.decode("latin-1")}
            spans.enter_context(
                span(f"process {log.topic}", kind=SpanKind.CONSUMER, carrier=carrier, **{"messaging.kafka.offset": record.offset})
            )
