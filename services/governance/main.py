"""Runs `governance`: opens its resources, joins its door, answers until it is told to stop."""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.governance.api import router
from services.governance.module_shelf import load_modules
from services.governance.resources import GovernanceResources, open_resources
from services.governance.settings import GovernanceSettings
from services.governance.staff_file import read_staff
from services.governance.validated_files import UnfitFileError
from shared.http import Ping, create_app
from shared.serving import serve
from shared.telemetry import open_telemetry


def make_app(settings: GovernanceSettings) -> FastAPI:
    """The ASGI application; its resources open with its lifespan. Raises UnfitFileError before anything opens."""
    modules, listed = load_modules(), read_staff(settings.staff_file)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings, modules=modules, listed=listed) as has:
            app.state.resources = has
            yield

    app = create_app("Serment governance", lifespan=lifespan, pings=_pings)
    app.include_router(router)
    return app


def _pings(app: FastAPI) -> Mapping[str, Ping]:
    has: GovernanceResources = app.state.resources
    return has.pings


def main() -> None:
    settings = GovernanceSettings()
    try:
        app = make_app(settings)
    except UnfitFileError as error:
        sys.exit(str(error))
    open_telemetry("governance", instance=settings.instance, level=settings.log_level)
    serve(app, host=settings.host, port=settings.port)
