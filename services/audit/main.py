"""Opens the resources, joins the door, and runs the loops of `audit` until one fails or the process is asked to end."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
import uvicorn
from fastapi import FastAPI

from services.audit.api import join_routes
from services.audit.resources import open_resources
from services.audit.settings import AuditSettings
from shared.http import create_app
from shared.telemetry import close_telemetry, open_telemetry

log = structlog.get_logger("serment.audit")


def create(settings: AuditSettings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings) as resources:
            app.state.resources = resources
            running = [_start(app, name, loop) for name, loop in resources.loops().items()]
            yield
            await _end(running)

    app = create_app("Serment audit", lifespan=lifespan, pings=lambda opened: opened.state.resources.pings())
    app.state.failed = False
    join_routes(app)
    return app


def _start(app: FastAPI, name: str, loop: Callable[[], Awaitable[None]]) -> "asyncio.Task[None]":
    """A surprise in a loop ends the process: whoever started it starts it again."""

    async def run() -> None:
        try:
            await loop()
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the process
            log.critical("audit.loop-failed", loop=name, error=type(error).__name__, where=_where(error))
            app.state.failed = True
            signal.raise_signal(signal.SIGTERM)

    return asyncio.create_task(run(), name=name)


def _where(error: Exception) -> str:
    """File and line; an exception's own text may quote data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 2)[-1]}:{trace.tb_lineno}" if trace else "unknown"


async def _end(running: "list[asyncio.Task[None]]") -> None:
    for task in running:
        task.cancel()
    for task in running:
        with contextlib.suppress(asyncio.CancelledError):
            await task


def main() -> None:
    settings = AuditSettings()
    open_telemetry("audit", instance=settings.instance, level=settings.log_level)
    app = create(settings)
    try:
        uvicorn.run(app, host=settings.host, port=settings.port, loop="uvloop", log_config=None, access_log=False)
    finally:
        close_telemetry()
    sys.exit(1 if app.state.failed else 0)
