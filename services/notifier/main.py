"""Runs `notifier`: opens its resources, joins its doors, answers until it is told to stop."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.notifier.api import router
from services.notifier.requests_api import requests
from services.notifier.resources import NotifierResources, open_resources
from services.notifier.settings import NotifierSettings
from services.notifier.status_api import status
from shared.http import create_app
from shared.parked_api import parked
from shared.serving import serve
from shared.telemetry import open_telemetry


def make_app(settings: NotifierSettings) -> FastAPI:
    """The ASGI application; its resources open with its lifespan."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings) as has:
            app.state.resources = has
            yield

    app = create_app("Serment notifier", lifespan=lifespan, pings=_pings)
    for each in (router, parked, requests, status):
        app.include_router(each)
    return app


def _pings(app: FastAPI) -> Mapping[str, Callable[[], Awaitable[None]]]:
    has: NotifierResources = app.state.resources
    return has.pings()


def main() -> None:
    settings = NotifierSettings()
    open_telemetry("notifier", instance=settings.instance, level=settings.log_level)
    serve(make_app(settings), host=settings.host, port=settings.port, proxy_headers=False)


if __name__ == "__main__":
    main()
