"""Runs `records` for one site: opens its resources, joins its doors, answers until it is told to stop."""

import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from services.records.api import fhir
from services.records.emergency_api import emergencies
from services.records.erasure_api import charts
from services.records.reading.hot_read import HotRead
from services.records.resources import RecordsResources, open_resources
from services.records.settings import RecordsSettings
from services.records.status_api import status
from shared.http import create_app
from shared.parked_api import parked
from shared.serving import serve
from shared.telemetry import open_telemetry


def make_app(settings: RecordsSettings) -> Any:
    """The ASGI application; its resources open with its lifespan."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings) as has:
            app.state.resources = has
            _settle_memory()
            yield

    app = create_app(f"Serment records, {settings.site}", lifespan=lifespan, pings=_pings)
    for each in (charts, emergencies, fhir, parked, status):
        app.include_router(each)

    def has() -> RecordsResources:
        return app.state.resources  # type: ignore[no-any-return]

    return HotRead(app, desk=lambda: has().desk, identities=lambda: has().identities)


def _settle_memory() -> None:
    """What is there at start stays: the collector need not look at it again, and young objects of many reads are looked at together."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _pings(app: FastAPI) -> Mapping[str, Callable[[], Awaitable[None]]]:
    has: RecordsResources = app.state.resources
    return has.pings()


def main() -> None:
    settings = RecordsSettings()
    open_telemetry("records", instance=settings.instance, level=settings.log_level)
    serve(make_app(settings), host=settings.host, port=settings.port, proxy_headers=False)


if __name__ == "__main__":
    main()
