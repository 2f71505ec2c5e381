"""The shell of every HTTP service: expected errors become problems or OperationOutcomes, once; health and metrics stand beside."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException

from shared.errors import AnticipatedError, Sentence
from shared.mongo import MongoError, StoreUnreachableError
from shared.server_spans import ServerSpans
from shared.telemetry import telemetry_sent
from shared.vocabulary import Profession

log = structlog.get_logger("serment.http")
FHIR_JSON = "application/fhir+json; charset=utf-8"
PROBLEM_JSON = "application/problem+json"
Ping = Callable[[], Awaitable[None]]

_NO_TELEMETRY_OF_ITS_OWN: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""FastAPI's spans hold the whole path and query, its logs the text of exceptions; ours hold neither."""

_SURPRISE = Sentence(
    "Something went wrong on our side; it was logged. Try again.",
    "Une erreur est survenue de notre côté ; elle est journalisée. Réessayez.",
)
_NO_ROUTE = Sentence("There is nothing at this address.", "Il n’y a rien à cette adresse.")
_WRONG_REQUEST = Sentence(
    "A field of this request is missing or has the wrong type.", "Un champ de cette requête manque ou n’a pas le bon type."
)


def create_app(
    title: str, *, lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]], pings: Callable[[FastAPI], Mapping[str, Ping]]
) -> FastAPI:
    """`pings` names what the service needs to be ready; it is asked anew each time."""

    @asynccontextmanager
    async def telling(app: FastAPI) -> AsyncIterator[None]:
        async with telemetry_sent(), lifespan(app):
            yield

    app = FastAPI(title=title, lifespan=telling, docs_url=None, redoc_url=None, telemetry=_NO_TELEMETRY_OF_ITS_OWN)
    app.add_middleware(ServerSpans)
    app.add_exception_handler(AnticipatedError, _on_anticipated)
    app.add_exception_handler(MongoError, _on_store_down)
    app.add_exception_handler(RequestValidationError, _on_wrong_request)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_surprise)
    _add_health(app, pings)
    return app


def _add_health(app: FastAPI, pings: Callable[[FastAPI], Mapping[str, Ping]]) -> None:
    @app.get("/health/live", include_in_schema=False)
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @app.get("/health/ready", include_in_schema=False)
    async def ready() -> Response:
        needs = pings(app)
        results = await asyncio.gather(*map(_in_time, needs.values()), return_exceptions=True)
        state = {name: "down" if isinstance(result, BaseException) else "up" for name, result in zip(needs, results, strict=True)}
        return Response(orjson.dumps(state), status_code=503 if "down" in state.values() else 200, media_type="application/json")

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})


async def _in_time(ping: Ping) -> None:
    async with asyncio.timeout(3):
        await ping()


def professions(*allowed: Profession) -> dict[str, Any]:
    """What a route declares for docs/permissions.md; the rules of its service are what enforces it."""
    return {"x-professions": sorted(allowed)}


async def read_body(request: Request, limit: int) -> bytes:
    """At most one byte more than the limit: enough to be refused for it, too little to fill the memory."""
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part[: limit + 1 - size])
        size += len(part)
        if size > limit:
            break
    return b"".join(parts)


def language_of(accept_language: str | None) -> str:
    """`fr` or `en`, by the caller's weights (RFC 9110, 12.5.4); English when neither is asked for."""
    best, best_weight = "en", 0.0
    for part in (accept_language or "").lower().replace(" ", "").split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            quality = float(weight or 1)
        except ValueError:
            continue
        if tag[:2] in {"fr", "en"} and quality > best_weight:
            best, best_weight = tag[:2], quality
    return best


def error_body(error: AnticipatedError, *, path: str, language: str) -> tuple[bytes, str]:
    """(body, content type): an OperationOutcome under `/fhir`, a problem (RFC 9457) elsewhere; neither repeats what was sent."""
    if path == "/fhir" or path.startswith("/fhir/"):
        issues = [_issue(code, sentence.in_language(language), expression, error.slug) for code, sentence, expression in error.issues()]
        return orjson.dumps({"resourceType": "OperationOutcome", "issue": issues}), FHIR_JSON
    return _problem(error.slug, error.status, error.said().in_language(language)), PROBLEM_JSON


def _issue(code: str, text: str, expression: str | None, slug: str) -> dict[str, Any]:
    issue: dict[str, Any] = {
        "severity": "error",
        "code": code,
        "details": {"coding": [{"system": "urn:serment:problem", "code": slug}], "text": text},
    }
    return issue | ({"expression": [expression]} if expression else {})


def _problem(slug: str, status: int, detail: str) -> bytes:
    return orjson.dumps({"type": f"urn:serment:problem:{slug}", "title": slug.replace("-", " "), "status": status, "detail": detail})


def surprise_body(accept_language: str | None) -> bytes:
    """The OperationOutcome of a fault of ours."""
    return orjson.dumps(
        {
            "resourceType": "OperationOutcome",
            "issue": [_issue("exception", _SURPRISE.in_language(language_of(accept_language)), None, "surprise")],
        }
    )


async def _on_anticipated(request: Request, error: Exception) -> Response:
    if not isinstance(error, AnticipatedError):
        raise error
    body, kind = error_body(error, path=request.url.path, language=language_of(request.headers.get("accept-language")))
    return Response(body, status_code=error.status, headers={"content-type": kind, "cache-control": "no-store", **error.headers})


async def _on_store_down(request: Request, error: Exception) -> Response:
    log.error("http.store-unreachable", error=type(error).__name__, where=_where(error))
    return await _on_anticipated(request, StoreUnreachableError())


def _plain(request: Request, slug: str, status: int, sentence: Sentence) -> Response:
    """For what is not ours: a route that is not there, a body that FastAPI refused, a surprise."""
    text = sentence.in_language(language_of(request.headers.get("accept-language")))
    code = {404: "not-found", 405: "not-supported", 422: "invalid"}.get(status, "exception")
    fhir = request.url.path == "/fhir" or request.url.path.startswith("/fhir/")
    body = (
        orjson.dumps({"resourceType": "OperationOutcome", "issue": [_issue(code, text, None, slug)]})
        if fhir
        else _problem(slug, status, text)
    )
    return Response(body, status_code=status, headers={"content-type": FHIR_JSON if fhir else PROBLEM_JSON, "cache-control": "no-store"})


async def _on_wrong_request(request: Request, _error: Exception) -> Response:
    return _plain(request, "wrong-request", 422, _WRONG_REQUEST)


async def _on_http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    answer = _plain(request, "no-such-route" if status == 404 else "not-allowed", status, _NO_ROUTE)  # noqa: PLR2004
    answer.headers.update(getattr(error, "headers", None) or {})
    return answer


async def _on_surprise(request: Request, error: Exception) -> Response:
    log.error("http.surprise", error=type(error).__name__, where=_where(error))
    return _plain(request, "surprise", 500, _SURPRISE)


def _where(error: Exception) -> str:
    """File and line where it was raised; an exception's own text may quote data, so it is not logged."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 2)[-1]}:{trace.tb_lineno}" if trace else "unknown"
