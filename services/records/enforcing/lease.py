"""A lease to decide: it runs out by whichever clock says so first, and is dropped when the clocks disagree."""

from shared.elapsed import Reading, at_most, disagree


class Lease:
    """Lasts so many seconds after the moment it was asked for, for the answer may have been long on its way."""

    def __init__(self) -> None:
        self._asked: Reading | None = None
        self._lasts = 0.0

    def extend(self, asked: Reading, lasts: float) -> None:
        """An answer that was overtaken by a later one takes nothing back."""
        if self._asked is None or asked.boot > self._asked.boot:
            self._asked, self._lasts = asked, lasts

    def drop(self) -> None:
        self._asked = None

    def left(self, now: Reading) -> float:
        """Seconds, 0 when it has run out or never was."""
        if self._asked is None:
            return 0.0
        if disagree(self._asked, now):
            self._asked = None
            return 0.0
        return max(0.0, self._lasts - at_most(self._asked, now))
