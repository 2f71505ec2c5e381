"""Runs the login page: an authorize endpoint with a form in front of OpenBao's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlencode

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from deploy.local.login.form import set_form
from deploy.local.login.issuer import Issuer
from deploy.local.login.let_in import Doorkeeper, let_in
from deploy.local.login.refusals import GivenUpError, NotAskedRightlyError
from deploy.local.login.settings import LoginSettings
from services.portal.page_headers import WithPageHeaders, page_headers
from services.portal.pages import STATIC
from shared.errors import AnticipatedError, Sentence
from shared.http import language_of

_PASSED_ON = ("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method")
_LARGEST_FORM = 4096


def make_app(settings: LoginSettings) -> WithPageHeaders:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=settings.openbao, timeout=10, trust_env=False) as http:
            app.state.keeper = Doorkeeper(Issuer(http, provider=settings.provider))
            yield

    routes = [
        Route("/authorize", ask, methods=["GET"]),
        Route("/authorize", answer, methods=["POST"]),
        Route("/health/live", live),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.settings = settings
    return WithPageHeaders(app, page_headers(settings.portal_origin, https=False))


async def live(_request: Request) -> Response:
    return JSONResponse({"status": "live"})


async def ask(request: Request) -> Response:
    if not _asked_rightly(request):
        return _form(request, NotAskedRightlyError(), cancel=False)
    return _form(request)


async def answer(request: Request) -> Response:
    if not _asked_rightly(request):
        return _form(request, NotAskedRightlyError(), cancel=False)
    fields = await _fields(request)
    login, asked = fields.get("login", ""), _asked(request)
    try:
        back = await let_in(login, fields.get("password", ""), asked, keeper=request.app.state.keeper)
    except GivenUpError:
        return RedirectResponse(_cancel_url(request), status_code=303)
    except AnticipatedError as error:
        return _form(request, error, login=login)
    return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", status_code=303, headers={"cache-control": "no-store"})


def _asked(request: Request) -> dict[str, str]:
    return {name: request.query_params[name] for name in _PASSED_ON if name in request.query_params}


def _asked_rightly(request: Request) -> bool:
    """Nobody is sent anywhere but to the portal: not with a code, which OpenBao checks as well, and not with a refusal."""
    settings: LoginSettings = request.app.state.settings
    asked = _asked(request)
    return asked.get("redirect_uri") == settings.redirect_uri and 0 < len(asked.get("state", "")) <= 512  # noqa: PLR2004


def _cancel_url(request: Request) -> str:
    settings: LoginSettings = request.app.state.settings
    return f"{settings.redirect_uri}?{urlencode({'error': 'access_denied', 'state': _asked(request)['state']})}"


def _form(request: Request, error: AnticipatedError | None = None, *, login: str = "", cancel: bool = True) -> Response:
    locales = request.query_params.get("ui_locales", "")[:2]
    language = locales if locales in {"fr", "en"} else language_of(request.headers.get("accept-language"))
    said: Sentence | None = error.said() if error else None
    asked = _asked(request) | ({"ui_locales": language} if cancel else {})
    html = set_form(language, asked, login=login[:64], wrong=said, cancel_url=_cancel_url(request) if cancel else None)
    return HTMLResponse(
        html, status_code=error.status if error else 200, headers={"cache-control": "no-store", "content-language": language}
    )


async def _fields(request: Request) -> dict[str, str]:
    """Read with a limit; a longer form has no fields."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_FORM:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def main() -> None:
    settings = LoginSettings()
    uvicorn.run(
        make_app(settings),
        host=settings.host,
        port=settings.port,
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    main()
