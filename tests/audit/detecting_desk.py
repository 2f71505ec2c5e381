"""Notes as records of a log, rules from a text, and stores in memory that can fail when a test wants it."""

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

from services.audit.detecting.detect import DetectionDesk, Watch, judge, take_up
from services.audit.detecting.load_rules import SHIPPED, load_rules
from services.audit.detecting.positions import Position
from services.audit.detecting.rule import RuleBook
from services.audit.model import Log, Suspicion
from shared.clock import rfc3339

BEGAN = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
LOG = Log("demo", "records.access")
ACCESS = "org.serment.records.access.v1"
LOGSOURCE = "logsource: {category: patient_access, product: serment, service: audit}"


class Recorded(NamedTuple):
    offset: int
    timestamp: int
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


def said(ident: str, *, at: float = 0.0, actor: str = "clerk-1", patient: str | None = "patient-1", **facts: Any) -> dict[str, Any]:
    """A note of an answered read by a clerk, `at` seconds after the beginning."""
    who = {"id": actor, "profession": "clerk", "site": "nord"} | facts.pop("who", {})
    salt = base64.b64encode(bytes(32)).decode()
    frame = {
        "id": ident,
        "incarnation": "a" * 32,
        "partition": 0,
        "number": 1,
        "time": rfc3339(BEGAN + timedelta(seconds=at)),
        "salt": salt,
    }
    access = {"type": ACCESS, "actor": who, "purpose": "PATADMIN", "action": "read", "resourceType": "Patient", "patient": patient}
    return frame | access | {"outcome": "answered", "status": 200, "relationship": "none"} | facts


def records(notes: Iterable[dict[str, Any] | bytes | None], *, sent: Callable[[int], float] | None = None) -> list[Recorded]:
    """In the order of the log; sent when they were made, unless a test knows better."""
    made = []
    for offset, note in enumerate(notes):
        seconds = sent(offset) if sent else _age(note)
        stamp = int((BEGAN + timedelta(seconds=seconds)).timestamp() * 1000)
        made.append(Recorded(offset, stamp, json.dumps(note).encode() if isinstance(note, dict) else note))
    return made


def _age(note: dict[str, Any] | bytes | None) -> float:
    return (datetime.fromisoformat(note["time"]) - BEGAN).total_seconds() if isinstance(note, dict) else 0.0


def a_folder(folder: Path, **files: str) -> Path:
    """A folder of rule files."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(dedent(text), encoding="utf-8")
    return folder


def shipped() -> RuleBook:
    return load_rules(SHIPPED)


class CrashError(Exception):
    """The process was killed here."""


@dataclass
class Crashing:
    """Kills at the n-th step that is asked for; zero never does."""

    at: int = 0
    steps: int = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            raise CrashError


@dataclass
class FakeSuspicions:
    crashing: Crashing = field(default_factory=Crashing)
    raised: dict[str, Suspicion] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def raise_once(self, _about: Log, suspicion: Suspicion, *, now: datetime) -> None:  # noqa: ARG002 - as the real one
        self.crashing.step()
        self.asked.append(suspicion.ident)
        self.raised.setdefault(suspicion.ident, suspicion)
        self.crashing.step()


@dataclass
class FakePositions:
    crashing: Crashing = field(default_factory=Crashing)
    kept: Position | None = None

    async def find(self, _log: Log) -> Position | None:
        return self.kept

    async def keep(self, _log: Log, position: Position, *, now: datetime) -> None:  # noqa: ARG002 - as the real one
        self.crashing.step()
        self.kept = position
        self.crashing.step()


@dataclass
class MemoryDesk:
    """Runs the real stories over a list of records; what is stored outlives a crash, what is in mind does not."""

    book: RuleBook
    log: Sequence[Recorded]
    batch: int = 7
    kept_every: int = 1
    crashing: Crashing = field(default_factory=Crashing)

    def __post_init__(self) -> None:
        self.suspicions = FakeSuspicions(self.crashing)
        self.positions = FakePositions(self.crashing)
        self.desk = DetectionDesk(LOG, self.book, self.suspicions, self.positions)  # type: ignore[arg-type]

    async def run(self) -> Watch:
        """Once, until the end of the log or a crash."""
        watch = await take_up(beginning=0, end=len(self.log), desk=self.desk)
        for number, first in enumerate(range(watch.next, len(self.log), self.batch)):
            self.crashing.step()
            await judge(self.log[first : first + self.batch], watch, now=BEGAN, desk=self.desk)
            position = watch.position()
            if position is not None and number % self.kept_every == 0:
                await self.positions.keep(LOG, position, now=BEGAN)
        return watch

    async def run_whatever_happens(self) -> dict[str, Suspicion]:
        while True:
            try:
                await self.run()
            except CrashError:
                continue
            return self.suspicions.raised
