"""Runs `portal`: opens its resources, joins its doors, answers until it is told to stop."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from services.portal.api import router
from services.portal.cases.door import cases
from services.portal.charts.door import charts
from services.portal.choices.door import choices
from services.portal.erasures.door import erasures
from services.portal.language import language_for
from services.portal.ledger.door import ledger
from services.portal.objectives.door import objectives
from services.portal.operation.door import operation
from services.portal.page_headers import WithPageHeaders, page_headers
from services.portal.pages import STATIC, page, problem_page
from services.portal.requests.door import requests
from services.portal.resources import PortalResources, open_resources
from services.portal.settings import PortalSettings
from services.portal.signed import NotSignedInError
from services.portal.style.door import style
from services.portal.traces.door import traces
from services.portal.trail.door import trail
from services.portal.training.door import training
from services.portal.words import WORDS
from shared.errors import AnticipatedError
from shared.http import create_app
from shared.parked_api import parked
from shared.serving import serve
from shared.telemetry import open_telemetry

log = structlog.get_logger("serment.portal")


def make_app(settings: PortalSettings) -> WithPageHeaders:
    """The ASGI application; its resources open with its lifespan."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_resources(settings) as has:
            app.state.resources = has
            yield

    app = create_app("Serment portal", lifespan=lifespan, pings=_pings)
    app.state.time_zone = settings.time_zone
    for door in (router, cases, charts, choices, erasures, ledger, objectives, operation, requests, style, traces, trail, training, parked):
        app.include_router(door)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(AnticipatedError, _on_anticipated)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_wrong_request)
    app.add_exception_handler(NotSignedInError, _on_not_signed_in)
    app.add_exception_handler(Exception, _on_surprise)
    return WithPageHeaders(app, page_headers(settings.login_origin, https=settings.public_url.startswith("https:")))


def _pings(app: FastAPI) -> Mapping[str, Callable[[], Awaitable[None]]]:
    has: PortalResources = app.state.resources
    return has.pings


async def _on_anticipated(request: Request, error: Exception) -> Response:
    if not isinstance(error, AnticipatedError):
        raise error
    return problem_page(error.said().in_language(language_for(request)), request, status=error.status)


async def _on_not_signed_in(request: Request, error: Exception) -> Response:
    if not isinstance(error, NotSignedInError):
        raise error
    return page("welcome.html", request, status=401, goal=error.goal, why=error.why)


async def _on_http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return problem_page(WORDS["nothing-here"].in_language(language_for(request)), request, status=status)


async def _on_wrong_request(request: Request, _error: Exception) -> Response:
    return problem_page(WORDS["wrong-request"].in_language(language_for(request)), request, status=422)


async def _on_surprise(request: Request, error: Exception) -> Response:
    log.error("http.surprise", error=type(error).__name__)
    return problem_page(WORDS["surprise"].in_language(language_for(request)), request, status=500)


def main() -> None:
    settings = PortalSettings()
    open_telemetry("portal", instance=settings.instance, level=settings.log_level)
    serve(make_app(settings), host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
