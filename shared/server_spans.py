"""Makes one span of each request, named by its route: the path itself holds ids, and often what a caller mistook for one."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from opentelemetry.trace import SpanKind

from shared.enforcement import LEASE_PATH
from shared.telemetry import span, tracing

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNTRACED = ("/health/", "/metrics", "/static/", LEASE_PATH)


class ServerSpans:
    """ASGI middleware; what machines ask for every few seconds is left out, and so are files."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not tracing() or scope["path"].startswith(_UNTRACED):
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        with span(method, kind=SpanKind.SERVER, carrier=trace_carrier(scope)) as current:

            async def tell_status(message: Message) -> None:
                if message["type"] == "http.response.start":
                    current.set_attribute("http.response.status_code", message["status"])
                await send(message)

            try:
                await self._app(scope, receive, tell_status)
            finally:
                if route := getattr(scope.get("route"), "path", None):
                    current.update_name(f"{method} {route}")


def trace_carrier(scope: Message) -> dict[str, str] | None:
    """The caller's `traceparent`, which its trace goes on from."""
    found = next((value for name, value in scope["headers"] if name == b"traceparent"), None)
    return None if found is None else {"traceparent": found.decode("latin-1")}
