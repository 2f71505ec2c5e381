"""Runs what works beside the answers; a task that ends by surprise ends the process, so that the platform starts a whole one."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import structlog

log = structlog.get_logger("serment.background")


def keep_running(run: Callable[[], Coroutine[Any, Any, None]]) -> "asyncio.Task[None]":
    """The task, which the caller cancels when it closes."""
    task = asyncio.create_task(run(), name=run.__qualname__)
    task.add_done_callback(_ended)
    return task


async def end_tasks(tasks: "Iterable[asyncio.Task[Any]]") -> None:
    """Returns once all have ended. A driver may lose a cancellation (`asyncio.wait_for` of Python 3.11 does), so each is asked again."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        done, left = await asyncio.wait(left, timeout=1)
        for task in done:
            _ = task.cancelled() or task.exception()


def _ended(task: "asyncio.Task[None]") -> None:
    if task.cancelled():
        return
    end_process(task.get_name(), task.exception())


def end_process(what: str, error: BaseException | None) -> None:
    """The ordinary way out, so that what is under way is finished and the platform starts a whole process."""
    log.critical("background.ended", task=what, error=type(error).__name__)
    os.kill(os.getpid(), signal.SIGTERM)
