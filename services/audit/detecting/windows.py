"""Keeps the windows of one correlation, group by group, and forgets what no stretch can need any more."""

from collections import deque
from itertools import islice
from typing import NamedTuple

from services.audit.detecting.rule import Correlation, Group, scalar_at
from services.audit.detecting.stretches import Entry
from services.audit.detecting.window import Crossing, Window
from services.audit.seen_note import SeenNote

LATE = 5 * 60 * 1_000_000
"""Notes of one stretch may reach Kafka this much further apart than they were made, in microseconds: some wait in an outbox."""


class Kept(NamedTuple):
    """An entry, and the clock when it came."""

    clock: int
    group: Group
    entry: Entry


class Crossed(NamedTuple):
    """The record at `offset` completed a stretch that ended at that moment."""

    clock: int
    offset: int
    group: Group
    ended: int


class Windows:
    """What is kept depends on the records since `oldest` only, so reading from there again gives the same."""

    def __init__(self, correlation: Correlation) -> None:
        self.correlation = correlation
        self._kept_for = correlation.span + LATE
        self._groups: dict[Group, Window] = {}
        self._kept: deque[Kept] = deque()
        self.crossed: deque[Crossed] = deque()

    def take(self, note: SeenNote, offset: int, clock: int) -> Crossing | None:
        """What the note completes, unless its group is quiet."""
        rule = self.correlation
        kept = self._matching(note, offset, clock)
        if kept is None:
            return None
        window, place = self._put(kept)
        if place is None or window.is_quiet(note.moment):
            return None
        found = window.find(place, rule.holds, distinct=rule.counted is not None)
        if found is not None:
            self._cross(window, kept, found.entries[-1].moment)
        return found

    def recall(self, note: SeenNote, offset: int, clock: int, crossed: int | None) -> None:
        """Leaves behind what `take` left, of a note that was judged before; `crossed` is the end of the stretch that it completed then."""
        kept = self._matching(note, offset, clock)
        if kept is None:
            return
        window, _place = self._put(kept)
        if crossed is not None:
            self._cross(window, kept, crossed)

    def forget(self, clock: int) -> None:
        before = clock - self._kept_for
        while self._kept and self._kept[0].clock < before:
            kept = self._kept.popleft()
            self._groups[kept.group].forget(kept.entry)
            self._tidy(kept.group)
        while self.crossed and self.crossed[0].clock < before:
            crossed = self.crossed.popleft()
            self._groups[crossed.group].crossed.remove(crossed.ended)
            self._tidy(crossed.group)

    def _tidy(self, group: Group) -> None:
        if not self._groups[group]:
            del self._groups[group]

    @property
    def oldest(self) -> tuple[int, int] | None:
        """Offset and clock of the first record that still matters."""
        entries = [(kept.entry.offset, kept.clock) for kept in islice(self._kept, 1)]
        return min(entries + [(crossed.offset, crossed.clock) for crossed in islice(self.crossed, 1)], default=None)

    def _matching(self, note: SeenNote, offset: int, clock: int) -> Kept | None:
        """A note that does not say whose it is, or what is counted, is not counted."""
        rule, said = self.correlation, note.said
        if not rule.matches(said):
            return None
        group = tuple([scalar_at(said, path) for path in rule.group_by])
        value = "" if rule.counted is None else scalar_at(said, rule.counted)
        if value is None or None in group:
            return None
        return Kept(clock, group, Entry(note.moment, offset, note.ident, value))

    def _put(self, kept: Kept) -> tuple[Window, int | None]:
        window = self._groups.get(kept.group)
        if window is None:
            window = self._groups[kept.group] = Window(self.correlation.span)
        self._kept.append(kept)
        return window, window.put(kept.entry)

    def _cross(self, window: Window, kept: Kept, ended: int) -> None:
        window.crossed.append(ended)
        self.crossed.append(Crossed(kept.clock, kept.entry.offset, kept.group, ended))
