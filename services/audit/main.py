"""Opens the resources, joins the door, and runs `audit` until it is asked to end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from services.audit.api import join_routes
from services.audit.resources import open_resources
from services.audit.settings import AuditSettings
from shared.background import end_tasks, keep_running
from shared.http import create_app
from shared.telemetry import open_telemetry


def create(settings: AuditSettings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings) as resources:
            app.state.resources = resources
            running = [keep_running(loop) for loop in resources.loops().values()]
            yield
            await end_tasks(running)

    app = create_app("Serment audit", lifespan=lifespan, pings=lambda opened: opened.state.resources.pings())
    join_routes(app)
    return app


def main() -> None:
    settings = AuditSettings()
    open_telemetry("audit", instance=settings.instance, level=settings.log_level)
    uvicorn.run(create(settings), host=settings.host, port=settings.port, loop="uvloop", log_config=None, access_log=False)
