"""Remembers the notes of one group, and finds a stretch of them that fulfils the rule when a note comes in."""

from collections.abc import Callable
from dataclasses import dataclass

from services.audit.detecting.stretches import Entries, Entry, Stretch


@dataclass(frozen=True, slots=True)
class Crossing:
    """The entries of a stretch that fulfilled the rule, and how much was counted in them."""

    entries: list[Entry]
    count: int


class Window:
    """Notes may come in any order. Counted is in every stretch that holds the new note and ends with a note: for notes in order that is
    the one that ends with it, for a late one also those that end later. So the order changes neither whether the rule is fulfilled, nor
    whether the group was quiet: within `span` of the end of a stretch that fulfilled it.
    """

    __slots__ = ("_by_ident", "_entries", "_front", "_span", "crossed")

    def __init__(self, span: int) -> None:
        self._span = span
        self._entries = Entries()
        self._front = Stretch(self._entries, span)
        self._by_ident: dict[str, Entry] = {}
        self.crossed: list[int] = []

    def __bool__(self) -> bool:
        return bool(self._by_ident or self.crossed)

    def put(self, entry: Entry) -> int | None:
        """Its place; None when the note was here: then the later copy is remembered, so that whoever reads again from there agrees."""
        before = self._by_ident.get(entry.ident)
        if before is not None:
            self._front.remove(self._entries.place_of(before))
        self._by_ident[entry.ident] = entry
        place = self._entries.add(entry)
        if place > self._front.high:
            self._front.forward()
        else:
            self._front.inserted(place)
        return place if before is None else None

    def forget(self, entry: Entry) -> None:
        """Unless a later copy of the note came in meanwhile."""
        if self._by_ident.get(entry.ident) is entry:
            del self._by_ident[entry.ident]
            self._front.remove(self._entries.place_of(entry))

    def is_quiet(self, moment: int) -> bool:
        return any(abs(moment - ended) < self._span for ended in self.crossed)

    def find(self, place: int, holds: Callable[[int], bool], *, distinct: bool) -> Crossing | None:
        """The earliest stretch that holds the entry and fulfils the rule."""
        if place < self._front.low:
            return self._find_from(Stretch.ending_at(place, self._entries, self._span), holds, distinct=distinct)
        while self._front.high > place:
            self._front.back()
        found = self._find_from(self._front, holds, distinct=distinct)
        while self._front.high + 1 < len(self._entries.listed):
            self._front.forward()
        return found

    def _find_from(self, stretch: Stretch, holds: Callable[[int], bool], *, distinct: bool) -> Crossing | None:
        listed = self._entries.listed
        beyond = listed[stretch.high].moment + self._span
        while True:
            count = stretch.count(distinct=distinct)
            if holds(count):
                return Crossing(stretch.entries(), count)
            if stretch.high + 1 == len(listed) or listed[stretch.high + 1].moment >= beyond:
                return None
            stretch.forward()
