"""Keeps which numbers of one incarnation were seen, as sorted half-open intervals."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

Interval = tuple[int, int]


class NumbersSeen:
    """Numbers begin at 1. Intervals [first, end) never touch, so a source in order costs one pair however long it lives."""

    __slots__ = ("_ends", "_firsts")

    def __init__(self, intervals: Iterable[Sequence[int]] = ()) -> None:
        self._firsts: list[int] = []
        self._ends: list[int] = []
        for first, end in intervals:
            if not self._floor() < first < end:
                raise ValueError("intervals must be sorted, apart and not empty")
            self._firsts.append(first)
            self._ends.append(end)

    def add(self, number: int) -> bool:
        """False when the number was there already."""
        if number < 1:
            raise ValueError("numbers begin at 1")
        if self._ends and number == self._ends[-1]:
            self._ends[-1] += 1
            return True

        at = bisect_right(self._firsts, number)
        if at and number < self._ends[at - 1]:
            return False
        self._insert(number, at)
        return True

    def gaps(self, below: int) -> list[Interval]:
        """The intervals of [1, below) that were not seen."""
        edges = zip([1, *self._ends], [*self._firsts, below], strict=True)
        return [(first, min(end, below)) for first, end in edges if first < min(end, below)]

    def intervals(self) -> list[list[int]]:
        return [[first, end] for first, end in zip(self._firsts, self._ends, strict=True)]

    def highest(self) -> int | None:
        return self._ends[-1] - 1 if self._ends else None

    def copy(self) -> "NumbersSeen":
        twin = NumbersSeen()
        twin._firsts, twin._ends = [*self._firsts], [*self._ends]
        return twin

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._firsts, number)
        return at > 0 and number < self._ends[at - 1]

    def _floor(self) -> int:
        """An interval kept next begins above this: at the end of the last one, it would touch."""
        return self._ends[-1] if self._ends else 0

    def _insert(self, number: int, at: int) -> None:
        joins_left = at > 0 and self._ends[at - 1] == number
        joins_right = at < len(self._firsts) and self._firsts[at] == number + 1
        if joins_left and joins_right:
            del self._firsts[at], self._ends[at - 1]
        elif joins_left:
            self._ends[at - 1] += 1
        elif joins_right:
            self._firsts[at] = number
        else:
            self._firsts.insert(at, number)
            self._ends.insert(at, number + 1)
