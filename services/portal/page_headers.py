"""Puts the security headers, and a renewed session's cookie, on every answer, whoever made it: pages, files, errors and streams."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


def content_policy(*form_targets: str) -> str:
    """`form_targets` are the origins a form may lead to, redirects included."""
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "form-action": " ".join(["'self'", *form_targets]),
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def page_headers(*form_targets: str, https: bool) -> dict[str, str]:
    headers = {
        "content-security-policy": content_policy(*form_targets),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "x-frame-options": "DENY",
    }
    return headers | ({"strict-transport-security": "max-age=31536000"} if https else {})


class WithPageHeaders:
    """The outermost layer, so that even an error inside FastAPI's own layers goes out with them."""

    def __init__(self, app: ASGIApp, headers: dict[str, str]) -> None:
        self.app = app
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookie = scope.get("state", {}).get("cookie")
                message["headers"] = [*message.get("headers", []), *self._headers, *([cookie] if cookie else [])]
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)
