"""The door of `GET /fhir/{Type}/{id}`: plain ASGI, because a framework's routing would cost more than the whole protected read."""

import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache, lru_cache
from typing import Any

import structlog
from opentelemetry.trace import SpanKind
from prometheus_client import Histogram

from services.records.desk import Desk
from services.records.fhir.definitions import RESOURCE_TYPES
from services.records.reading.read_record import Read, read_record
from services.records.unanswerable import Addressed, note_incomplete
from services.records.writing.planned import HELD_ELSEWHERE
from shared.clock import utc_now
from shared.errors import AnticipatedError
from shared.http import FHIR_JSON, error_body, language_of, surprise_body
from shared.identity import Identities, PurposeNotHeldError, TokenIncompleteError, bearer, purpose_of
from shared.mongo import MongoError, StoreUnreachableError
from shared.server_spans import trace_carrier
from shared.telemetry import span, tracing
from shared.vocabulary import Action

log = structlog.get_logger("serment.records")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_PATH = re.compile(r"/fhir/([A-Z][A-Za-z]+)/([A-Za-z0-9.\-]{1,64})").fullmatch
_SECONDS = Histogram(
    "serment_read_seconds", "Time of a protected read.", ["status"], buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
)
_KIND = FHIR_JSON.encode()
SERVED_TYPES = RESOURCE_TYPES - set(HELD_ELSEWHERE)


class HotRead:
    """Takes the reads, passes everything else to the application behind it."""

    def __init__(
        self, app: Callable[[Scope, Receive, Send], Awaitable[None]], *, desk: Callable[[], Desk], identities: Callable[[], Identities]
    ) -> None:
        self._app = app
        self._desk = desk
        self._identities = identities

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        matched = _PATH(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if matched is None or matched[1] not in SERVED_TYPES:
            await self._app(scope, receive, send)
            return
        if not tracing():
            await self._take(scope, send, matched[1], matched[2])
            return
        with span("GET /fhir/{type}/{id}", kind=SpanKind.SERVER, carrier=trace_carrier(scope)) as current:
            current.set_attribute("http.response.status_code", await self._take(scope, send, matched[1], matched[2]))

    async def _take(self, scope: Scope, send: Send, type_: str, ident: str) -> int:
        started = time.perf_counter()
        headers = dict(scope["headers"])
        try:
            read = await self._read(headers, type_, ident)
        except (AnticipatedError, MongoError) as raised:
            error = raised if isinstance(raised, AnticipatedError) else StoreUnreachableError()
            body, kind = error_body(error, path=scope["path"], language=language_of(_text(headers.get(b"accept-language"))))
            status, more = error.status, [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
            await _send(send, status, [(b"content-type", kind.encode()), *more], body)
        except Exception as error:  # noqa: BLE001 - the last line: logged by class, answered without detail
            log.error("read.surprise", error=type(error).__name__)  # noqa: TRY400 - a traceback may quote data
            status = 500
            await _send(send, status, [(b"content-type", _KIND)], surprise_body(_text(headers.get(b"accept-language"))))
        else:
            status = await _answer(send, read, headers.get(b"if-none-match"))
        _count(status).observe(time.perf_counter() - started)
        return status

    async def _read(self, headers: dict[bytes, bytes], type_: str, ident: str) -> Read:
        now = utc_now()
        desk = self._desk()
        identities = self._identities()
        token = bearer(headers.get(b"authorization"))
        try:
            actor = identities.remembered(token) or await identities.verify(token)
            purpose = purpose_of(actor, _text(headers.get(b"x-purpose-of-use")))
        except (TokenIncompleteError, PurposeNotHeldError) as error:
            await note_incomplete(error, Addressed(Action.READ, type_, ident), now=now, desk=desk)
            raise
        return await read_record(actor, purpose, type_, ident, now=now, desk=desk)


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode("latin-1")


async def _answer(send: Send, read: Read, if_none_match: bytes | None) -> int:
    """304 when the caller has this version already, whether it quotes the tag or not (fhirpy sends it bare)."""
    version = b"%d" % read.record.version
    headers = [
        (b"content-type", _KIND),
        (b"etag", b'W/"' + version + b'"'),
        (b"last-modified", _http_date(read.record.updated_at)),
        (b"x-decision-id", read.decision.encode()),
    ]
    if if_none_match is not None and if_none_match.strip().removeprefix(b"W/").strip(b'"') == version:
        await _send(send, 304, headers, b"")
        return 304
    await _send(send, 200, headers, read.body)
    return 200


@cache
def _count(status: int) -> Histogram:
    """The series of one status; there are few."""
    return _SECONDS.labels(status)


@lru_cache(maxsize=4096)
def _http_date(moment: datetime) -> bytes:
    return format_datetime(moment.astimezone(UTC), usegmt=True).encode()


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    every = [*headers, (b"cache-control", b"no-store"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": every})
    await send({"type": "http.response.body", "body": body})
