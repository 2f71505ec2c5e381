"""The nouns of the ledger; what a note says is hidden when they are printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.audit.merkle import EMPTY_ROOT
from services.audit.numbers_seen import NumbersSeen
from shared.events.topics import AUDIT_ACCESS, CONSENT_ACCESS, IDENTITY_EVENT, NOTIFIER_ACCESS, RECORDS_ACCESS

LOGGED_TOPICS = (RECORDS_ACCESS.name, CONSENT_ACCESS.name, NOTIFIER_ACCESS.name, AUDIT_ACCESS.name, IDENTITY_EVENT.name)
"""Each has one partition and is one log."""

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Log:
    group: str
    topic: str

    @property
    def origin(self) -> str:
        return f"{self.group}/audit/{self.topic}"


@dataclass(frozen=True, slots=True)
class Head:
    """How far a log is sequenced; `turn` grows with every transaction, so whoever read an older one cannot write."""

    topic_id: str
    size: int = 0
    root: bytes = EMPTY_ROOT
    next_offset: int = 0
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Incoming:
    """One Kafka record, as it came."""

    offset: int
    partition: int
    value: bytes = field(repr=False)
    headers: Headers = field(repr=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """What becomes the next leaf; without `note` it is opaque, and `flag` says why."""

    record: Incoming
    leaf: bytes
    note: str | None = None
    incarnation: str | None = None
    number: int | None = None
    flag: str | None = None
    patient: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A leaf as it is kept: what finds it in clear, what it says sealed."""

    index: int
    offset: int
    leaf: bytes
    note: str | None
    incarnation: str | None
    number: int | None
    flag: str | None
    at: datetime
    key: str
    sealed: bytes | None = field(repr=False)
    """None once it was erased early: order and time are all that is left."""
    about: bytes | None = None
    """A keyed digest of the patient it names, so that they can be told; whoever has the store alone learns nothing from it."""


@dataclass(frozen=True, slots=True)
class Source:
    """One incarnation of a service: the numbers of its notes that were seen, and what its heartbeats said."""

    incarnation: str
    heard: datetime
    """Wall clock of its last heartbeat, or of its first note."""
    seen: NumbersSeen = field(default_factory=NumbersSeen)
    state: str = "alive"
    lowest: int = 1
    next: int = 1
    checked: int = 1
    """Every number below was judged once."""
    beat: int = -1
    """Kafka offset of its last heartbeat."""
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What was seen, by ids only; the same thing seen again has the same `ident`."""

    ident: str
    rule: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Filing:
    """What one batch comes to: leaves to append, sources that changed, and what needs a person's eyes."""

    drafts: Sequence[Draft]
    sources: Mapping[str, Source]
    suspicions: Sequence[Suspicion]
