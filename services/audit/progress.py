"""What the loops of one log tell each other, the status page and whoever waits for entries."""

import asyncio
import contextlib
import time
from datetime import datetime

from services.audit.measures import APPENDED, LAG, SIGNED_SIZE, SIZE, STOPPED, UNSIGNED_AGE
from services.audit.model import Log


class LogStoppedError(Exception):
    """The sequencer of this log stopped itself; a person has to look."""


class Progress:
    """Of this process: `holding` while it is the log's sequencer."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.size = 0
        self.signed = 0
        self.lag = 0
        self.oldest_waiting: datetime | None = None
        """When Kafka was given the oldest record that was fetched and not sequenced yet."""
        self.holding = False
        self.stopped: str | None = None
        self.to_sign = asyncio.Event()
        self._grown = asyncio.Event()
        self._unsigned_since: float | None = None
        UNSIGNED_AGE.labels(log.topic).set_function(self.unsigned_age)

    def taken_up(self, size: int) -> None:
        """The signer looks, whether or not anything is new."""
        self.holding = True
        self._at(size)
        self.to_sign.set()

    def appended(self, size: int) -> None:
        if size == self.size:
            return
        APPENDED.labels(self.log.topic).inc(size - self.size)
        self._at(size)
        self._unsigned_since = self._unsigned_since or time.monotonic()
        self.to_sign.set()

    def _at(self, size: int) -> None:
        self.size = size
        SIZE.labels(self.log.topic).set(size)
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    def lags_by(self, records: int) -> None:
        self.lag = records
        self.oldest_waiting = self.oldest_waiting if records else None
        LAG.labels(self.log.topic).set(records)

    def signed_at(self, size: int) -> None:
        self.signed = size
        SIGNED_SIZE.labels(self.log.topic).set(size)
        self._unsigned_since = None if size >= self.size else time.monotonic()

    def unsigned_age(self) -> float:
        return 0.0 if self._unsigned_since is None else time.monotonic() - self._unsigned_since

    def stop(self, rule: str) -> None:
        self.stopped = rule
        STOPPED.labels(self.log.topic).set(1)

    async def grows(self, *, within: float) -> None:
        """Returns when this process appended something, or after `within` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._grown.wait()

    async def ping(self) -> None:
        """Raises LogStoppedError."""
        if self.stopped:
            raise LogStoppedError(self.stopped)
