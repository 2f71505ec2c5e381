"""Judges whether a source is complete: what its heartbeats promise, against the numbers that were seen."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.audit.model import Source, Suspicion
from services.audit.numbers_seen import Interval
from services.audit.sequencing.incoming import Heartbeat

MOST_INTERVALS = 100


def hear(source: Source, beat: Heartbeat, *, topic: str, now: datetime) -> tuple[Source, list[Suspicion]]:
    """The source after this heartbeat. A number is judged once, so a gap is told once; leaving is final, death is not."""
    state = "left" if source.state == "left" else beat.state
    heard = replace(source, state=state, heard=now, beat=beat.offset, silent=False)
    if beat.state == "dead":
        return _buried(heard, topic)
    heard = replace(heard, lowest=max(source.lowest, beat.lowest), next=max(source.next, beat.next))
    return _judged(heard, topic)


def _judged(source: Source, topic: str) -> tuple[Source, list[Suspicion]]:
    missing = _missing(source, source.lowest)
    judged = replace(source, checked=max(source.checked, source.lowest))
    if not missing:
        return judged, []
    gap = Suspicion(f"gap/{topic}/{source.incarnation}/{missing[0][0]}", "gap", {"incarnation": source.incarnation, **_told(missing)})
    return judged, [gap]


def _buried(source: Source, topic: str) -> tuple[Source, list[Suspicion]]:
    """Numbers that were drawn, told by the last heartbeat, and never came are missing too."""
    last = source.seen.highest() or 0
    end = max(last + 1, source.next)
    evidence = {"incarnation": source.incarnation, "last_number": last, **_told(_missing(source, end))}
    ended = Suspicion(f"unclean-end/{topic}/{source.incarnation}", "unclean-end", evidence)
    return replace(source, checked=max(source.checked, end)), [ended]


def silence_of(source: Source, *, topic: str, now: datetime, listening_since: datetime, bound: timedelta) -> Suspicion | None:
    """Silence counts from when we had read everything: a ledger that catches up accuses nobody."""
    if source.silent or not is_open(source) or now - max(source.heard, listening_since) <= bound:
        return None
    owed = _told(_missing(source, source.next))
    evidence = {"incarnation": source.incarnation, "state": source.state, "last_number": source.seen.highest() or 0, **owed}
    return Suspicion(f"silent-incarnation/{topic}/{source.incarnation}/{source.beat}", "silent-incarnation", evidence)


def is_open(source: Source) -> bool:
    """Something is still to come: heartbeats while it lives, and after it left the notes that its outbox still held."""
    return source.state == "alive" or (source.state == "left" and bool(source.seen.gaps(source.next)))


def _missing(source: Source, below: int) -> list[Interval]:
    """Not seen, and not judged before."""
    return [(max(first, source.checked), end) for first, end in source.seen.gaps(below) if end > source.checked]


def _told(missing: Sequence[Interval]) -> dict[str, Any]:
    """Inclusive pairs, as people read them; the count is of all, however many are listed."""
    listed = [[first, end - 1] for first, end in missing[:MOST_INTERVALS]]
    return {"missing": listed, "missing_count": sum(end - first for first, end in missing)}
