"""Runs `consent`: opens its resources, joins its doors, answers until it is told to stop."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.consent.api import router
from services.consent.enforcement_api import enforcement
from services.consent.fhir_api import fhir
from services.consent.resources import ConsentResources, open_resources
from services.consent.settings import ConsentSettings
from services.consent.status_api import status
from shared.http import create_app
from shared.serving import serve
from shared.telemetry import open_telemetry


def make_app(settings: ConsentSettings) -> FastAPI:
    """The ASGI application; its resources open with its lifespan."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings) as has:
            app.state.resources = has
            yield

    app = create_app("Serment consent", lifespan=lifespan, pings=_pings)
    for each in (router, enforcement, fhir, status):
        app.include_router(each)
    return app


def _pings(app: FastAPI) -> Mapping[str, Callable[[], Awaitable[None]]]:
    has: ConsentResources = app.state.resources
    return has.pings()


def main() -> None:
    settings = ConsentSettings()
    open_telemetry("consent", instance=settings.instance, level=settings.log_level)
    serve(make_app(settings), host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
