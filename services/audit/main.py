"""Opens the resources, joins the door, and runs `audit` until it is asked to end."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import uvicorn
from fastapi import FastAPI

from services.audit.api import join_routes
from services.audit.resources import AuditResources, open_resources
from services.audit.settings import AuditSettings
from shared.background import end_tasks, keep_running
from shared.http import create_app
from shared.note_keeping import notes_kept
from shared.telemetry import open_telemetry


def create(settings: AuditSettings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings) as resources, _notes_kept(resources):
            app.state.resources = resources
            running = [keep_running(loop) for loop in resources.loops().values()]
            yield
            await end_tasks(running)

    app = create_app("Serment audit", lifespan=lifespan, pings=lambda opened: opened.state.resources.pings())
    join_routes(app)
    return app


def _notes_kept(has: AuditResources) -> AbstractAsyncContextManager[object]:
    """Who reads a trail is noted as any other access is."""
    return notes_kept(has.notes, has.mongo.database(has.settings.mongodb_database), instance=has.settings.instance)


def main() -> None:
    settings = AuditSettings()
    open_telemetry("audit", instance=settings.instance, level=settings.log_level)
    uvicorn.run(create(settings), host=settings.host, port=settings.port, loop="uvloop", log_config=None, access_log=False)
