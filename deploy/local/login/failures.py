"""Counts failures by name or by sign-in, in a bounded memory that forgets after a while."""

from collections import OrderedDict

_MOST = 10_000


class Failures:
    """`limit` failures within `window` seconds are too many."""

    def __init__(self, *, limit: int, window: float) -> None:
        self._limit = limit
        self._window = window
        self._times: OrderedDict[str, list[float]] = OrderedDict()

    def add(self, key: str, *, now: float) -> None:
        self._times[key] = [*self._recent(key, now), now][-self._limit :]
        self._times.move_to_end(key)
        if len(self._times) > _MOST:
            self._times.popitem(last=False)

    def too_many(self, key: str, *, now: float) -> bool:
        return len(self._recent(key, now)) >= self._limit

    def forget(self, key: str) -> None:
        self._times.pop(key, None)

    def _recent(self, key: str, now: float) -> list[float]:
        return [time for time in self._times.get(key, []) if now - time < self._window]
