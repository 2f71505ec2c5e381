"""Counts the open streams of each session, so that no session can hold more than two."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

MOST = 2


class Streams:
    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    @contextmanager
    def seat(self, handle: str) -> Iterator[bool]:
        """Whether there is room."""
        if self._open[handle] >= MOST:
            yield False
            return
        self._open[handle] += 1
        try:
            yield True
        finally:
            self._open[handle] -= 1
            if not self._open[handle]:
                del self._open[handle]
