"""Runs as `python -m deploy.local.span_collector PORT`: takes spans by OTLP on loopback, and tells the newest traces to the portal.

Who asks for traces shows the secret of `SERMENT_TRACES_SECRET`; logs and metrics are taken, and dropped.
"""

import hmac
import os
import sys
from collections.abc import Awaitable, Callable

import orjson
import uvicorn
from google.protobuf.message import DecodeError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.local.kept_traces import KeptTraces
from deploy.local.otlp_spans import spans_in
from deploy.local.ports import LOOPBACK

LARGEST_BODY = 4 * 1024 * 1024
Answer = Callable[[Request], Awaitable[Response]]


def make_app(kept: KeptTraces, *, secret: str) -> Starlette:
    async def take_spans(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        try:
            kept.keep(spans_in(body))
        except DecodeError:
            return Response(status_code=400)
        return _taken()

    async def list_traces(request: Request) -> Response:
        asked = request.query_params
        return _json({"traces": kept.newest(service=asked.get("service", ""), name=asked.get("name", "")), "services": kept.services()})

    async def tell_trace(request: Request) -> Response:
        found = kept.find(request.path_params["trace"])
        return _json(found) if found else Response(status_code=404)

    routes = [
        Route("/v1/traces", take_spans, methods=["POST"]),
        Route("/v1/logs", _drop, methods=["POST"]),
        Route("/v1/metrics", _drop, methods=["POST"]),
        Route("/traces", _to_whom_shows(secret, list_traces)),
        Route("/traces/{trace}", _to_whom_shows(secret, tell_trace)),
        Route("/health/ready", _ready),
    ]
    return Starlette(routes=routes)


def _to_whom_shows(secret: str, answer: Answer) -> Answer:
    async def guarded(request: Request) -> Response:
        shown = request.headers.get("authorization", "").encode()
        return await answer(request) if hmac.compare_digest(shown, f"Bearer {secret}".encode()) else Response(status_code=401)

    return guarded


async def _body(request: Request) -> bytes | None:
    """None for one that is too large, which is read no further."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)


async def _drop(request: Request) -> Response:
    async for _part in request.stream():
        pass
    return _taken()


async def _ready(_request: Request) -> Response:
    return _json({"status": "ready"})


def _taken() -> Response:
    """An empty OTLP answer: everything was taken."""
    return Response(media_type="application/x-protobuf")


def _json(told: object) -> Response:
    return Response(orjson.dumps(told), media_type="application/json")


def main(port: int) -> None:
    app = make_app(KeptTraces(), secret=os.environ["SERMENT_TRACES_SECRET"])
    uvicorn.run(app, host=LOOPBACK, port=port, access_log=False, server_header=False, log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
