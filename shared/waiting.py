"""Waits at the start of a service for what is not there yet, for as long as it takes."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from shared.mongo import MongoError
from shared.vault import VaultUnavailableError

log = structlog.get_logger("serment.waiting")
PASSING: tuple[type[Exception], ...] = (MongoError, VaultUnavailableError)
"""Errors that pass by themselves."""


async def until_done(
    work: Callable[[], Awaitable[object]], *, said: str, needs: str, passing: tuple[type[Exception], ...] = PASSING
) -> None:
    """Tries once a second; `said` is the event that is logged each time it must wait for what it `needs`."""
    while True:
        try:
            await work()
        except passing as error:
            log.warning(said, needs=needs, error=type(error).__name__)
            await asyncio.sleep(1)
        else:
            return
