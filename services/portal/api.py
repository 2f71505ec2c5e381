"""The HTTP door of `portal`: signing in and out, and the ledger's activity as it happens; each route calls one story."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from services.portal.begun_sign_ins import LASTS
from services.portal.cookies import BEGUN, SESSION, drop_cookie, set_cookie
from services.portal.desk import Desk
from services.portal.forms import first, read_form
from services.portal.language import language_for
from services.portal.open_session import WorkstationLockedError, open_session
from services.portal.pages import lines, page, set_lines, set_state
from services.portal.rooms import home_of
from services.portal.sessions import Session
from services.portal.sign_in import Returned, begin_sign_in, complete_sign_in
from services.portal.sign_out import sign_out
from services.portal.signed import At, OwnSite, Reading, Signed
from services.portal.watch_activity import Since, State, look_once, watch_activity
from shared.clock import utc_now
from shared.vocabulary import Profession

EVERYONE: dict[str, Any] = {"x-professions": ["everyone"]}
SIGNED_IN: dict[str, Any] = {"x-professions": sorted(Profession)}
WATCHERS: dict[str, Any] = {"x-professions": sorted([Profession.OPERATOR, Profession.PRIVACY_OFFICER])}
"""`audit` is what enforces it; to others the stream says who can see activity, and ends."""

router = APIRouter()


@router.get("/", openapi_extra=EVERYONE, response_class=HTMLResponse)
async def first_page(request: Request, session: Signed) -> Response:
    if session is None:
        return page("welcome.html", request, goal="/", why=None)
    return RedirectResponse(home_of(session.person.profession), status_code=303, headers={"cache-control": "no-store"})


@router.get("/activity", openapi_extra=SIGNED_IN, response_class=HTMLResponse)
async def activity(request: Request, reader: Reading, desk: At) -> Response:
    """To whom `audit` shows none, the page says so."""
    session = reader.session
    state, seen = await look_once(session, desk=desk)
    since = Since(seen.new[-1].index if seen.new else None, next((entry.index for entry in seen.new if not entry.signed), None))
    return page("story.html", request, session=session, state=state, since=since, **lines(seen, language_for(request)))


@router.post("/sign-in", openapi_extra=EVERYONE, status_code=303, dependencies=[OwnSite])
async def leave_for_provider(request: Request, desk: At) -> Response:
    goal = first(await read_form(request), "goal")
    secret, url = await begin_sign_in(language_for(request), goal, now=utc_now(), desk=desk)
    response = RedirectResponse(url, status_code=303, headers={"cache-control": "no-store"})
    set_cookie(response, BEGUN, secret, seconds=int(LASTS.total_seconds()))
    return response


Text = Annotated[str | None, Query(max_length=2048)]


@router.get("/callback", openapi_extra=EVERYONE, status_code=303)
async def come_back(request: Request, desk: At, code: Text = None, state: Text = None, error: Text = None) -> Response:
    now = utc_now()
    returned = Returned(state or "", code, error, request.cookies.get(BEGUN), request.cookies.get(SESSION))
    session, goal = await complete_sign_in(returned, now=now, desk=desk)
    response = RedirectResponse(goal, status_code=303, headers={"cache-control": "no-store"})
    set_cookie(response, SESSION, session.secret, seconds=int((session.ends_at - now).total_seconds()))
    drop_cookie(response, BEGUN)
    return response


@router.post("/sign-out", openapi_extra=SIGNED_IN, status_code=303, dependencies=[OwnSite])
async def leave(request: Request, desk: At) -> Response:
    await sign_out(request.cookies.get(SESSION), first(await read_form(request), "form-token"), now=utc_now(), desk=desk)
    response = RedirectResponse("/", status_code=303, headers={"cache-control": "no-store"})
    drop_cookie(response, SESSION)
    return response


@router.get("/events", openapi_extra=WATCHERS, response_class=EventSourceResponse)
async def events(
    request: Request,
    desk: At,
    after: Annotated[int | None, Query(ge=-1)] = None,
    unsigned: Annotated[int | None, Query(ge=0)] = None,
) -> EventSourceResponse:
    """HTML parts for the first page; a reader that comes back goes on where it was."""
    watcher = await _watcher(request.cookies.get(SESSION), desk)
    last = request.headers.get("last-event-id", "")
    since = Since(int(last) if last.isascii() and last.isdigit() and len(last) < 16 else after, unsigned)  # noqa: PLR2004 - below 2^53
    return EventSourceResponse(_told(watcher, since, language_for(request), desk), ping=15)


async def _watcher(secret: str | None, desk: Desk) -> Session | State:
    """Or why there is none."""
    try:
        return await open_session(secret, now=utc_now(), desk=desk) or State.OVER
    except WorkstationLockedError:
        return State.LOCKED


async def _told(watcher: Session | State, since: Since, language: str, desk: Desk) -> AsyncIterator[ServerSentEvent]:
    if isinstance(watcher, State):
        yield ServerSentEvent(set_state(watcher, language))
        yield ServerSentEvent("", event="ended")
        return
    async for told in watch_activity(watcher, since, clock=utc_now, desk=desk):
        if isinstance(told, State):
            yield ServerSentEvent(set_state(told, language))
            if told.final:
                yield ServerSentEvent("", event="ended")
        else:
            yield ServerSentEvent(set_lines(told, language), id=str(told.new[-1].index) if told.new else None)
