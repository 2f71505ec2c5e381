"""Runs `consent`: opens its resources, joins its doors, answers until it is told to stop."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from services.consent.api import router
from services.consent.enforcement_api import enforcement
from services.consent.fhir_api import fhir
from services.consent.resources import ConsentResources, open_resources
from services.consent.settings import ConsentSettings
from shared.http import create_app
from shared.telemetry import close_telemetry, open_telemetry


def make_app(settings: ConsentSettings) -> FastAPI:
    """The ASGI application; its resources open with its lifespan."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings) as has:
            app.state.resources = has
            yield

    app = create_app("Serment consent", lifespan=lifespan, pings=_pings)
    for each in (router, enforcement, fhir):
        app.include_router(each)
    return app


def _pings(app: FastAPI) -> Mapping[str, Callable[[], Awaitable[None]]]:
    has: ConsentResources = app.state.resources
    return has.pings()


def main() -> None:
    settings = ConsentSettings()
    open_telemetry("consent", instance=settings.instance, level=settings.log_level)
    uvicorn.run(
        make_app(settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=10,
    )
    close_telemetry()


if __name__ == "__main__":
    main()
