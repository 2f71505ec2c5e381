"""Finds out who reads a page, before any route of `portal` does its work."""

from datetime import datetime
from typing import Annotated, ClassVar
from urllib.parse import quote

from fastapi import Depends, Path, Query, Request

from services.portal.cookies import SESSION, cookie_header
from services.portal.desk import Desk
from services.portal.group import Reader
from services.portal.language import language_for
from services.portal.open_session import WorkstationLockedError, open_renewed
from services.portal.sessions import Session
from services.portal.sign_out import ForeignFormError
from shared.clock import utc_now
from shared.errors import AnticipatedError, Sentence


class NotSignedInError(Exception):
    """The page is for somebody who has signed in; the first page offers it, and leads back. `why` is a word of WORDS."""

    def __init__(self, goal: str, why: str | None = None) -> None:
        super().__init__("not signed in")
        self.goal = goal
        self.why = why


class NotYourRoomError(AnticipatedError):
    """The page asks no service, so that none refuses it: the route's own professions do."""

    slug: ClassVar[str] = "not-your-room"
    status: ClassVar[int] = 403
    fhir_code: ClassVar[str] = "forbidden"
    sentence: ClassVar[Sentence] = Sentence(
        "This page is for other professions. Your own pages are in the navigation above.",
        "Cette page est destinée à d’autres professions. Les vôtres figurent dans la navigation ci-dessus.",
    )


def _desk(request: Request) -> Desk:
    return request.app.state.resources.desk  # type: ignore[no-any-return]


At = Annotated[Desk, Depends(_desk)]


async def _session(request: Request, desk: At) -> Session | None:
    """Raises NotSignedInError, once, when its workstation was locked meanwhile."""
    asked, now = request.cookies.get(SESSION), utc_now()
    try:
        session = await open_renewed(asked, now=now, desk=desk)
    except WorkstationLockedError:
        raise NotSignedInError(_goal(request), "state-locked") from None
    if session is not None and session.secret != asked:
        _hand_over(request, session, now)
    return session


async def renew_secret(request: Request, session: Session, desk: Desk) -> None:
    """After somebody got more than they had: whoever watched the cookie of before has nothing of it. Raises SessionsUnavailableError."""
    now = utc_now()
    renewed = await desk.sessions.renew(session, now=now, at_once=True)
    if renewed is not None:
        _hand_over(request, renewed, now)


def _hand_over(request: Request, session: Session, now: datetime) -> None:
    """With whatever the answer becomes, a problem's page too: the secret of before dies soon."""
    request.state.cookie = cookie_header(SESSION, session.secret, seconds=int((session.ends_at - now).total_seconds()))


Signed = Annotated[Session | None, Depends(_session)]


async def _reader(request: Request, session: Signed) -> Reader:
    """Raises NotSignedInError."""
    if session is None:
        raise NotSignedInError(_goal(request))
    return Reader(session, language_for(request))


async def _belonging(request: Request, reader: Annotated[Reader, Depends(_reader)]) -> Reader:
    """For pages that no service decides about. Raises NotSignedInError or NotYourRoomError."""
    require_belonging(request, reader)
    return reader


def require_belonging(request: Request, reader: Reader) -> None:
    """Raises NotYourRoomError."""
    if reader.session.person.profession not in request.scope["route"].openapi_extra["x-professions"]:
        raise NotYourRoomError


def _goal(request: Request) -> str:
    """The page that was wanted; what a form would have changed is not done later."""
    return quote(request.url.path) if request.method == "GET" else "/"


def _own_site(request: Request) -> None:
    """Browsers say where a form was; one of another site is refused. Raises ForeignFormError."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ForeignFormError


Reading = Annotated[Reader, Depends(_reader)]
Belonging = Annotated[Reader, Depends(_belonging)]
"""Who may be here by the route's own word; elsewhere the services say it, and note it."""
_IDENT = r"^[0-9A-Za-z-]+$"
Ident = Annotated[str, Path(max_length=64, pattern=_IDENT)]
"""A part of an address that is put into another one: nothing that could lead elsewhere."""
After = Annotated[str | None, Query(max_length=64, pattern=_IDENT)]
"""The last thing of the page before."""
OwnSite = Depends(_own_site)
