"""Counts the notes of one group in a stretch of time that slides over them; a step costs the same, however many there are."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Hashable
from typing import NamedTuple

_COMPACTED_FROM = 256


class Entry(NamedTuple):
    """One remembered note; `clock` is when it came. Entries are in the order of their moments, those of one moment in that of the log."""

    moment: int
    offset: int
    ident: str
    value: Hashable
    clock: int
    group: tuple[Hashable, ...]


class Entries:
    """The first `start` places are forgotten already, so that forgetting need not move all that come after."""

    def __init__(self) -> None:
        self.listed: list[Entry] = []
        self.start = 0

    def __len__(self) -> int:
        return len(self.listed) - self.start

    def place_of(self, entry: Entry) -> int:
        return bisect_left(self.listed, entry, self.start)

    def add(self, entry: Entry) -> int:
        """Where it stands now."""
        if not self or entry > self.listed[-1]:
            self.listed.append(entry)
            return len(self.listed) - 1
        insort(self.listed, entry, self.start)
        return self.place_of(entry)

    def remove(self, place: int) -> bool:
        """Whether the places of all that come after moved down by one."""
        if place == self.start:
            self.start += 1
            return False
        del self.listed[place]
        return True

    def compact(self) -> int:
        """By how many places all entries moved down."""
        gone = self.start
        if gone < _COMPACTED_FROM or gone * 2 < len(self.listed):
            return 0
        del self.listed[:gone]
        self.start = 0
        return gone


class Stretch:
    """All entries within `span` before the one at `high`, that one included: those from `low` on. Empty when `high` is before `low`."""

    def __init__(self, entries: Entries, span: int) -> None:
        self._entries = entries
        self._span = span
        self._counts: dict[Hashable, int] = {}
        self.low = entries.start
        self.high = entries.start - 1

    @classmethod
    def ending_at(cls, high: int, entries: Entries, span: int) -> "Stretch":
        stretch = cls(entries, span)
        first = entries.listed[high].moment - span
        stretch.low = bisect_right(entries.listed, (first, float("inf")), entries.start)
        stretch.high = stretch.low - 1
        while stretch.high < high:
            stretch.forward()
        return stretch

    def count(self, *, distinct: bool) -> int:
        return len(self._counts) if distinct else self.high - self.low + 1

    def entries(self) -> list[Entry]:
        return self._entries.listed[self.low : self.high + 1]

    def forward(self) -> None:
        """Ends one entry later."""
        listed = self._entries.listed
        self.high += 1
        self._add(listed[self.high])
        first = listed[self.high].moment - self._span
        while listed[self.low].moment <= first:
            self._take_out(listed[self.low])
            self.low += 1

    def back(self) -> None:
        """Ends one entry earlier."""
        listed, start = self._entries.listed, self._entries.start
        self._take_out(listed[self.high])
        self.high -= 1
        if self.high < start:
            return
        first = listed[self.high].moment - self._span
        while self.low > start and listed[self.low - 1].moment > first:
            self.low -= 1
            self._add(listed[self.low])

    def inserted(self, place: int) -> None:
        """A late entry came in at this place, at most at `high`."""
        listed = self._entries.listed
        self.high += 1
        if place >= self.low and listed[place].moment > listed[self.high].moment - self._span:
            self._add(listed[place])
        else:
            self.low += 1

    def remove(self, place: int) -> None:
        """Takes the entry out of the list, and out of this stretch."""
        if place == self.high:
            self.back()
            del self._entries.listed[place]
            return
        within, first = place >= self.low, place == self.low
        if within:
            self._take_out(self._entries.listed[place])
        moved = self._entries.remove(place)
        self.high -= moved
        self.low += (first and not moved) - (moved and not within)
        self._shift(self._entries.compact())

    def _shift(self, places: int) -> None:
        self.low -= places
        self.high -= places

    def _add(self, entry: Entry) -> None:
        self._counts[entry.value] = self._counts.get(entry.value, 0) + 1

    def _take_out(self, entry: Entry) -> None:
        left = self._counts[entry.value] - 1
        if left:
            self._counts[entry.value] = left
        else:
            del self._counts[entry.value]
