"""Judges a log batch by batch: each suspicion is raised once, and a crash at any point changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from opentelemetry.trace import SpanKind

from services.audit.detecting.detector import Detector, Record
from services.audit.detecting.positions import Position, Positions
from services.audit.detecting.rule import RuleBook
from services.audit.model import Log, Suspicion
from services.audit.suspicions import Suspicions
from shared.telemetry import span

_BY_NOBODY: Mapping[str, int] = {}


class ReadingInDoubtError(Exception):
    """What is read is not what follows: the log is another one, or the consumer stands still. It is taken up again."""


@dataclass(frozen=True, slots=True)
class DetectionDesk:
    log: Log
    book: RuleBook
    suspicions: Suspicions
    positions: Positions


@dataclass(slots=True)
class Watch:
    """What one process has in mind of a log, of which it reads `next`; dropped and read again whenever anything is in doubt.

    Records before `following` were judged before: they are only recalled, with what they completed then.
    """

    detector: Detector
    following: int
    next: int
    crossed: Mapping[int, Mapping[str, int]] = field(default_factory=dict)

    def position(self) -> Position | None:
        """To be kept; none while there is still something to recall, for then not everything is in mind."""
        if self.next < self.following:
            return None
        return Position(self.following, *self.detector.rewind(self.following), tuple(self.detector.crossed()))


async def take_up(*, beginning: int, end: int, desk: DetectionDesk) -> Watch:
    """Where it was left. A log that is shorter than that is another one, which is judged from its beginning."""
    kept = await desk.positions.find(desk.log)
    if kept is None or kept.following > end:
        return Watch(Detector(desk.book), beginning, beginning)
    rewind = min(max(kept.rewind, beginning), kept.following)
    crossed: dict[int, dict[str, int]] = {}
    for offset, rule, ended in kept.crossed:
        crossed.setdefault(offset, {})[rule] = ended
    return Watch(Detector(desk.book, clock=kept.clock), kept.following, rewind, crossed)


async def judge(batch: Sequence[Record], watch: Watch, *, now: datetime, desk: DetectionDesk) -> int:
    """How many records were new. When it raises, ReadingInDoubtError or what the stores raise, the watch must be taken up again."""
    judged, detector = 0, watch.detector
    if batch and batch[0].offset < watch.next:
        raise ReadingInDoubtError
    for record in batch:
        if record.offset < watch.following:
            detector.recall(record, watch.crossed.get(record.offset, _BY_NOBODY))
        else:
            if found := detector.take(record):
                await _raise(found, record, now=now, desk=desk)
            watch.following = record.offset + 1
            judged += 1
        watch.next = record.offset + 1
    return judged


async def _raise(found: Sequence[Suspicion], record: Record, *, now: datetime, desk: DetectionDesk) -> None:
    """Under the trace of the access that completed what was found, so that case and mails stand in it too."""
    carrier = {name: value.decode("latin-1") for name, value in record.headers if name == "traceparent" and value}
    with span(f"judge {desk.log.topic}", kind=SpanKind.CONSUMER, carrier=carrier):
        for suspicion in found:
            await desk.suspicions.raise_once(desk.log, suspicion, now=now)
