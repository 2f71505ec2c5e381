"""Keeps the windows of one correlation, group by group, and forgets what no stretch can need any more."""

from collections import deque
from itertools import islice
from typing import NamedTuple

from services.audit.detecting.rule import Correlation, Group, as_scalar, looking_at
from services.audit.detecting.stretches import Entry
from services.audit.detecting.window import Crossing, Window
from services.audit.seen_note import SeenNote

LATE = 5 * 60 * 1_000_000
"""Notes of one stretch may reach Kafka this much further apart than they were made, in microseconds: some wait in an outbox."""


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
        self._grouped = [looking_at(path) for path in correlation.group_by]
        self._counted = looking_at(correlation.counted) if correlation.counted is not None else None
        self._groups: dict[Group, Window] = {}
        self._kept: deque[Entry] = deque()
        self.crossed: deque[Crossed] = deque()

    def take(self, note: SeenNote, offset: int, clock: int) -> Crossing | None:
        """What the note completes, unless its group is quiet."""
        rule = self.correlation
        entry = self._matching(note, offset, clock)
        if entry is None:
            return None
        window, place = self._put(entry)
        if place is None or window.is_quiet(note.moment):
            return None
        found = window.find(place, rule.holds, distinct=rule.counted is not None)
        if found is not None:
            self._cross(window, entry, found.entries[-1].moment)
        return found

    def recall(self, note: SeenNote, offset: int, clock: int, crossed: int | None) -> None:
        """Leaves behind what `take` left, of a note that was judged before; `crossed` is the end of the stretch that it completed then."""
        entry = self._matching(note, offset, clock)
        if entry is None:
            return
        window, _place = self._put(entry)
        if crossed is not None:
            self._cross(window, entry, crossed)

    def forget(self, clock: int) -> None:
        before = clock - self._kept_for
        while self._kept and self._kept[0].clock < before:
            entry = self._kept.popleft()
            self._groups[entry.group].forget(entry)
            self._tidy(entry.group)
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
        firsts: list[Entry | Crossed] = [*islice(self._kept, 1), *islice(self.crossed, 1)]
        return min(((first.offset, first.clock) for first in firsts), default=None)

    def _matching(self, note: SeenNote, offset: int, clock: int) -> Entry | None:
        """A note that does not say whose it is, or what is counted, is not counted."""
        said = note.said
        if not self.correlation.matches(said):
            return None
        group = tuple([as_scalar(look(said)) for look in self._grouped])
        value = "" if self._counted is None else as_scalar(self._counted(said))
        if value is None or None in group:
            return None
        return Entry(note.moment, offset, note.ident, value, clock, group)

    def _put(self, entry: Entry) -> tuple[Window, int | None]:
        window = self._groups.get(entry.group)
        if window is None:
            window = self._groups[entry.group] = Window(self.correlation.span)
        self._kept.append(entry)
        return window, window.put(entry)

    def _cross(self, window: Window, entry: Entry, ended: int) -> None:
        window.crossed.append(ended)
        self.crossed.append(Crossed(entry.clock, entry.offset, entry.group, ended))
