"""Holds the ledger open, in a thread of its own, for the many looks of a story: a login to Vault and MongoDB costs more than a look."""

import asyncio
import atexit
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from services.audit.commands import AuditorCredentials, open_ledger
from services.audit.verifying.walk import Evidence
from shared.mongo import Mongo

T = TypeVar("T")
_CLOSES_WITHIN = 5.0


@dataclass
class HeldLedger:
    """Open from the first look on; a look that fails closes it, and the next one opens it anew. `notes` are those opened, by topic."""

    auditor: AuditorCredentials
    notes: dict[str, list[dict[str, Any] | None]] = field(default_factory=dict)
    _opened: AsyncExitStack | None = None
    _found: tuple[Evidence, Mongo] | None = None
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    @property
    def evidence(self) -> Evidence:
        return self._both()[0]

    @property
    def mongo(self) -> Mongo:
        return self._both()[1]

    def ask(self, look: Callable[["HeldLedger"], Awaitable[T]]) -> T:
        """One look at a time. Raises what `look` raises, and what the servers say when they cannot be reached."""
        with self._one_at_a_time:
            return _run(self._looked(look))

    async def close(self) -> None:
        opened, self._opened, self._found = self._opened, None, None
        if opened is not None:
            async with asyncio.timeout(_CLOSES_WITHIN):
                await opened.aclose()

    async def _looked(self, look: Callable[["HeldLedger"], Awaitable[T]]) -> T:
        try:
            if self._found is None:
                self._opened = AsyncExitStack()
                self._found = await self._opened.enter_async_context(open_ledger(self.auditor))
            return await look(self)
        except BaseException:
            await self.close()
            raise

    def _both(self) -> tuple[Evidence, Mongo]:
        assert self._found is not None
        return self._found


def held_ledger(auditor: AuditorCredentials) -> HeldLedger:
    """The same one for the same installation, closed when the process ends."""
    return _held(auditor.model_dump_json())


@cache
def _held(auditor: str) -> HeldLedger:
    held = HeldLedger(AuditorCredentials.model_validate_json(auditor))
    atexit.register(lambda: _run(held.close()))
    return held


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="ledger", daemon=True).start()
    return loop


def _run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run_coroutine_threadsafe(work, _loop()).result()
