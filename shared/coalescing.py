"""Gathers lookups that are asked for at the same time into one call for many keys."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Coalesced(Generic[K, V]):
    """`load` gets the distinct keys of one round and answers those it found; the others come out as None.

    At most two rounds are in flight: keys that arrive meanwhile wait for the next one, so the busier the process, the larger the rounds.
    An error of a round reaches everyone who waited for it.
    """

    def __init__(self, load: Callable[[list[K]], Awaitable[Mapping[K, V]]], *, largest: int = 400) -> None:
        self._load = load
        self._largest = largest
        self._waiting: dict[K, list[asyncio.Future[V | None]]] = {}
        self._rounds: set[asyncio.Task[None]] = set()
        self._called = False

    def get(self, key: K) -> "asyncio.Future[V | None]":
        """Await the result; it may be shared with others, so it must not be changed. Who is cancelled ends nobody else's wait."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[V | None] = loop.create_future()
        waiters = self._waiting.get(key)
        if waiters is not None:
            waiters.append(future)
            return future
        self._waiting[key] = [future]
        if not self._called and len(self._rounds) < 2:  # noqa: PLR2004 - two rounds keep the server and this process both busy
            self._called = True
            loop.call_soon(self._start)
        return future

    def _start(self) -> None:
        self._called = False
        if not self._waiting:
            return
        taken = dict(list(self._waiting.items())[: self._largest])
        for key in taken:
            del self._waiting[key]
        task = asyncio.get_running_loop().create_task(self._round(taken))
        self._rounds.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._rounds.discard(task)
        if self._waiting and not self._called:
            self._start()

    async def _round(self, taken: dict[K, "list[asyncio.Future[V | None]]"]) -> None:
        try:
            found = await self._load(list(taken))
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to those who wait
            for future in (one for waiters in taken.values() for one in waiters if not one.done()):
                future.set_exception(error)
                future.exception()  # a waiter may be gone; the error is theirs, not the loop's
            return
        for key, waiters in taken.items():
            value = found.get(key)
            for future in waiters:
                if not future.done():
                    future.set_result(value)
