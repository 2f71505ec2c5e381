"""The HTTP door of `portal`: pages for people; each route calls one story."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from services.portal.begun_sign_ins import LASTS
from services.portal.cookies import BEGUN, SESSION, drop_cookie, set_cookie
from services.portal.desk import Desk
from services.portal.pages import language_for, lines, page, set_lines, set_state
from services.portal.sessions import Session
from services.portal.sign_in import Returned, begin_sign_in, complete_sign_in
from services.portal.sign_out import ForeignFormError, sign_out
from services.portal.watch_activity import Since, State, look_once, watch_activity
from shared.clock import utc_now
from shared.vocabulary import Profession

EVERYONE: dict[str, Any] = {"x-professions": ["everyone"]}
SIGNED_IN: dict[str, Any] = {"x-professions": sorted(Profession)}
WATCHERS: dict[str, Any] = {"x-professions": sorted([Profession.OPERATOR, Profession.PRIVACY_OFFICER])}
"""`audit` is what enforces it; to others the stream says who can see activity, and ends."""

_LARGEST_FORM = 4096
router = APIRouter()


def _desk(request: Request) -> Desk:
    return request.app.state.resources.desk  # type: ignore[no-any-return]


At = Annotated[Desk, Depends(_desk)]


async def _session(request: Request, desk: At) -> Session | None:
    return await desk.sessions.find(request.cookies.get(SESSION), now=utc_now())


def _own_form(request: Request) -> None:
    """Browsers say where a form was; one of another site is refused. Raises ForeignFormError."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ForeignFormError


Signed = Annotated[Session | None, Depends(_session)]
OwnForm = Depends(_own_form)


@router.get("/", openapi_extra=EVERYONE, response_class=HTMLResponse)
async def first_page(request: Request, session: Signed, desk: At) -> HTMLResponse:
    if session is None:
        return page("welcome.html", request)
    state, seen = await look_once(session, desk=desk)
    since = Since(seen.new[-1].index if seen.new else None, next((entry.index for entry in seen.new if not entry.signed), None))
    return page("story.html", request, session=session, state=state, since=since, **lines(seen, language_for(request)))


@router.post("/sign-in", openapi_extra=EVERYONE, status_code=303, dependencies=[OwnForm])
async def leave_for_provider(request: Request, desk: At) -> Response:
    secret, url = await begin_sign_in(language_for(request), now=utc_now(), desk=desk)
    response = RedirectResponse(url, status_code=303, headers={"cache-control": "no-store"})
    set_cookie(response, BEGUN, secret, seconds=int(LASTS.total_seconds()))
    return response


Text = Annotated[str | None, Query(max_length=2048)]


@router.get("/callback", openapi_extra=EVERYONE, status_code=303)
async def come_back(request: Request, desk: At, code: Text = None, state: Text = None, error: Text = None) -> Response:
    now = utc_now()
    returned = Returned(state or "", code, error, request.cookies.get(BEGUN), request.cookies.get(SESSION))
    session = await complete_sign_in(returned, now=now, desk=desk)
    response = RedirectResponse("/", status_code=303, headers={"cache-control": "no-store"})
    set_cookie(response, SESSION, session.secret, seconds=int((session.ends_at - now).total_seconds()))
    drop_cookie(response, BEGUN)
    return response


@router.post("/sign-out", openapi_extra=SIGNED_IN, status_code=303, dependencies=[OwnForm])
async def leave(request: Request, desk: At) -> Response:
    await sign_out(request.cookies.get(SESSION), await _field(request, "form-token"), now=utc_now(), desk=desk)
    response = RedirectResponse("/", status_code=303, headers={"cache-control": "no-store"})
    drop_cookie(response, SESSION)
    return response


async def _field(request: Request, name: str) -> str:
    """Read with a limit, so that no form can fill the memory."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_FORM:
            raise ForeignFormError
    return next(iter(parse_qs(body.decode("latin-1")).get(name, [])), "")


@router.get("/events", openapi_extra=WATCHERS, response_class=EventSourceResponse)
async def events(
    request: Request,
    session: Signed,
    desk: At,
    after: Annotated[int | None, Query(ge=-1)] = None,
    unsigned: Annotated[int | None, Query(ge=0)] = None,
) -> EventSourceResponse:
    """HTML parts for the first page; a reader that comes back goes on where it was."""
    last = request.headers.get("last-event-id", "")
    since = Since(int(last) if last.isascii() and last.isdigit() and len(last) < 16 else after, unsigned)  # noqa: PLR2004 - below 2^53
    return EventSourceResponse(_told(session, since, language_for(request), desk), ping=15)


async def _told(session: Session | None, since: Since, language: str, desk: Desk) -> AsyncIterator[ServerSentEvent]:
    if session is None:
        yield ServerSentEvent(set_state(State.OVER, language))
        yield ServerSentEvent("", event="ended")
        return
    async for told in watch_activity(session, since, clock=utc_now, desk=desk):
        if isinstance(told, State):
            yield ServerSentEvent(set_state(told, language))
            if told.final:
                yield ServerSentEvent("", event="ended")
        else:
            yield ServerSentEvent(set_lines(told, language), id=str(told.new[-1].index) if told.new else None)
