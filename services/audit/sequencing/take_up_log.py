"""Takes up a log where its head says it was left, after making sure that Kafka's log and the stored tree are still the same."""

from dataclasses import dataclass, field

from services.audit.ledger_store import LedgerStore
from services.audit.model import Head, Log, Source, Suspicion
from services.audit.tile_store import TileStore
from services.audit.tiles import ShortTileError, TileTree


@dataclass(frozen=True, slots=True)
class KafkaLog:
    """What the brokers say about the topic's one partition."""

    topic_id: str
    beginning: int
    end: int


@dataclass(frozen=True, slots=True)
class Memory:
    """What the sequencer holds between two batches; dropped and read again whenever anything is in doubt."""

    head: Head
    tree: TileTree
    sources: dict[str, Source] = field(default_factory=dict)


class LogBrokenError(Exception):
    """What is there is not what was sequenced; a person has to look before anything goes on."""

    def __init__(self, suspicion: Suspicion) -> None:
        super().__init__(suspicion.rule)
        self.suspicion = suspicion


async def take_up_log(log: Log, found: KafkaLog, *, store: LedgerStore, tiles: TileStore) -> Memory:
    """Raises LogBrokenError; nothing is ever reset."""
    head = await store.head(log) or await store.begin(log, topic_id=found.topic_id)
    check_same_log(log, head, found)
    try:
        tree = await tiles.tree(log, head.size)
    except ShortTileError as error:
        raise _broken(log, "store-altered", head, size=head.size) from error
    if tree.root() != head.root:
        raise _broken(log, "store-altered", head, size=head.size)
    return Memory(head, tree)


def check_same_log(log: Log, head: Head, found: KafkaLog) -> None:
    """Raises LogBrokenError."""
    if found.topic_id != head.topic_id:
        raise _broken(log, "log-changed", head, known_topic=head.topic_id, found_topic=found.topic_id)
    if not found.beginning <= head.next_offset <= found.end:
        raise _broken(log, "log-truncated", head, next_offset=head.next_offset, beginning=found.beginning, end=found.end)


def _broken(log: Log, rule: str, head: Head, **evidence: str | int) -> LogBrokenError:
    return LogBrokenError(Suspicion(f"{rule}/{log.topic}/{head.size}/{head.next_offset}", rule, evidence))
