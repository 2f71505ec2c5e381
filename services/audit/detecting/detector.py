"""Judges the records of a log, one after another, by a book of rules."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Protocol

import orjson

from services.audit.detecting.rule import Correlation, Label, RuleBook, Said, as_scalar, looking_at
from services.audit.detecting.window import Crossing
from services.audit.detecting.windows import Windows
from services.audit.model import Suspicion
from services.audit.seen_note import SeenNote, read_seen, time_text

MOST_NOTES = 50
ACTOR = "actor.id"
_LONGEST_ACTOR = 64
_ACTOR, _SITE = looking_at(ACTOR), looking_at("actor.site")


class Record(Protocol):
    """A Kafka record; its timestamp, in milliseconds, says when it was sent."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class Detector:
    """Pure, and a function of the records since `rewind`: whoever reads from there on has the same in mind.

    `clock` only goes forward, with the timestamps of the records; time itself is that of each note.
    """

    def __init__(self, book: RuleBook, *, clock: int = 0) -> None:
        self._rules = book.rules
        self._windows = [Windows(correlation) for correlation in book.correlations]
        self.clock = clock

    def take(self, record: Record) -> list[Suspicion]:
        note = self._read(record)
        if note is None:
            return []
        found = [_of_note(rule.label, note) for rule in self._rules if rule.matches(note.said)]
        for windows in self._windows:
            crossing = windows.take(note, record.offset, self.clock)
            if crossing is not None:
                found.append(_of_stretch(windows.correlation, crossing, note))
        return found

    def recall(self, record: Record, crossed: Mapping[str, int]) -> None:
        """A record that was judged before; `crossed` is the end of the stretch that it completed, by rule."""
        note = self._read(record)
        if note is not None:
            for windows in self._windows:
                windows.recall(note, record.offset, self.clock, crossed.get(windows.correlation.label.name))

    def rewind(self, following: int) -> tuple[int, int]:
        """Offset and clock from which all that is in mind can be read again, when everything before `following` was judged."""
        return min([oldest for windows in self._windows if (oldest := windows.oldest)], default=(following, self.clock))

    def crossed(self) -> list[tuple[int, str, int]]:
        """What still keeps groups quiet: the offset of the record that completed a stretch, the rule, and the end of the stretch."""
        return [(one.offset, windows.correlation.label.name, one.ended) for windows in self._windows for one in windows.crossed]

    def _read(self, record: Record) -> SeenNote | None:
        sent = record.timestamp * 1000
        if sent > self.clock:
            self.clock = sent
            for windows in self._windows:
                windows.forget(sent)
        return read_seen(record.value)


def _of_note(label: Label, note: SeenNote) -> Suspicion:
    group = _told_group((ACTOR,), [as_scalar(_ACTOR(note.said))])
    seen = {"count": 1, "first": time_text(note.moment), "last": time_text(note.moment), "notes": [note.ident]}
    return _suspicion(label, group, note, _actor(note.said) | seen)


def _of_stretch(correlation: Correlation, crossing: Crossing, note: SeenNote) -> Suspicion:
    """Whose stretch it is can only be told when the rule counts by actor."""
    entries, said = crossing.entries, note.said
    group = _told_group(correlation.group_by, [as_scalar(looking_at(path)(said)) for path in correlation.group_by])
    seen = {
        "count": crossing.count,
        "first": time_text(entries[0].moment),
        "last": time_text(entries[-1].moment),
        "notes": [entry.ident for entry in entries[-MOST_NOTES:]],
    }
    return _suspicion(correlation.label, group, note, _actor(said if ACTOR in correlation.group_by else {}) | seen)


def _suspicion(label: Label, group: str, note: SeenNote, seen: Mapping[str, Any]) -> Suspicion:
    evidence = {**seen, "version": label.version, "level": label.level, "title": label.title}
    return Suspicion(f"{label.name}/{group}/{note.ident}", label.name, evidence)


def _actor(said: Said) -> dict[str, Any]:
    return {"actor": as_scalar(_ACTOR(said)), "actorSite": as_scalar(_SITE(said))}


def _told_group(fields: Sequence[str], values: Sequence[Any]) -> str:
    """Ids of suspicions are logged: an actor stands there in clear, anything else, which may be a patient, as a digest."""
    if tuple(fields) == (ACTOR,) and isinstance(values[0], str) and 0 < len(values[0]) <= _LONGEST_ACTOR:
        return values[0]
    return sha256(orjson.dumps(list(values))).hexdigest()[:16]
