"""Keeps what incarnations of `records` have stated of themselves; no word ever takes back an earlier one."""

import asyncio
import contextlib
from collections import OrderedDict

_MOST = 10_000


class Positions:
    """From Kafka, and from the requests for leases; the highest number of each counts, within its epoch."""

    def __init__(self) -> None:
        self._stated: OrderedDict[tuple[str, int], int] = OrderedDict()
        self._left: OrderedDict[str, None] = OrderedDict()
        self._changed = asyncio.Event()

    def state(self, incarnation: str, *, epoch: int, number: int) -> None:
        if number > self._stated.get((incarnation, epoch), -1):
            self._stated[incarnation, epoch] = number
            self._stated.move_to_end((incarnation, epoch))
            if len(self._stated) > _MOST:
                self._stated.popitem(last=False)
            self._tell()

    def leave(self, incarnation: str) -> None:
        self._left[incarnation] = None
        if len(self._left) > _MOST:
            self._left.popitem(last=False)
        self._tell()

    def has_stated(self, incarnation: str, *, epoch: int, number: int) -> bool:
        return self._stated.get((incarnation, epoch), -1) >= number

    def number_of(self, incarnation: str, *, epoch: int) -> int:
        """0 before it stated any."""
        return self._stated.get((incarnation, epoch), 0)

    def has_left(self, incarnation: str) -> bool:
        return incarnation in self._left

    def next_change(self) -> asyncio.Event:
        """To be taken before looking; it is set when something new was stated since."""
        return self._changed

    async def told(self, news: asyncio.Event, *, within: float) -> bool:
        """Whether something new was stated since `news` was taken, waiting for it so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await news.wait()
        return news.is_set()

    def _tell(self) -> None:
        told, self._changed = self._changed, asyncio.Event()
        told.set()
