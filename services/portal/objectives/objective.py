"""Holds each privacy objective against what was measured: pure; whatever is not known counts as neither kept nor broken."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.portal.figures import Figures, LogFigures, logs_of

OUTBOX_SECONDS = KAFKA_SECONDS = 60.0
FORCE_SECONDS, TYPICAL_SECONDS = 22.0, 1.0
"""A lease and its margin are 21 s; twenty-two is what nobody ever waits longer than."""
UNSIGNED_SECONDS = 10.0


class State(StrEnum):
    """Of an objective."""

    MET = "met"
    MISSED = "missed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Objective:
    """`word` names it in WORDS; `worst` are the seconds it is held by, None when there was nothing; `unheard` did not say."""

    word: str
    state: State
    worst: float | None
    unheard: Sequence[str] = ()


def judge(figures: Sequence[Figures]) -> list[Objective]:
    """In the order in which a page tells them."""
    return [_outboxes(figures), _kafka(figures), *_force(figures), _signatures(figures)]


def _outboxes(figures: Sequence[Figures]) -> Objective:
    """Replicas of a site share one outbox, so one of them can speak for it."""
    heard = {one.instance.owner: one.status.outbox.oldest_seconds for one in figures if one.status}
    unheard = {one.instance.owner for one in figures} - heard.keys()
    return _held("objective-outbox", heard.values(), below=OUTBOX_SECONDS, unheard=sorted(unheard))


def _kafka(figures: Sequence[Figures]) -> Objective:
    """A log that stopped itself takes no note in, however long they have waited."""
    logs = logs_of(figures)
    unheard = [name for name, log in logs.items() if log.lag is None and not log.stopped]
    held = _held("objective-kafka", [log.lag_seconds for log in logs.values()], below=KAFKA_SECONDS, unheard=unheard or _silent(logs))
    stopped = any(log.stopped for log in logs.values())
    return Objective(held.word, State.MISSED, held.worst, held.unheard) if stopped else held


def _force(figures: Sequence[Figures]) -> list[Objective]:
    found = [one.status.force for one in figures if one.status and one.status.force]
    unheard = [] if found else ["consent"]
    return [
        _held("objective-force", [one.max_seconds for one in found], below=FORCE_SECONDS, unheard=unheard),
        _held("objective-typical", [one.p50_seconds for one in found], below=TYPICAL_SECONDS, unheard=unheard),
    ]


def _signatures(figures: Sequence[Figures]) -> Objective:
    logs = logs_of(figures)
    return _held("objective-signed", [log.unsigned_seconds for log in logs.values()], below=UNSIGNED_SECONDS, unheard=_silent(logs))


def _silent(logs: dict[str, LogFigures]) -> list[str]:
    return [] if logs else ["audit"]


def _held(word: str, seconds: Iterable[float | None], *, below: float, unheard: Sequence[str]) -> Objective:
    worst = max((one for one in seconds if one is not None), default=None)
    if worst is not None and worst >= below:
        return Objective(word, State.MISSED, worst, unheard)
    return Objective(word, State.UNKNOWN if unheard else State.MET, worst, unheard)
