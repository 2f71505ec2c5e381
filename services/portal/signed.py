"""Finds out who reads a page, before any route of `portal` does its work."""

from typing import Annotated, ClassVar
from urllib.parse import quote

from fastapi import Depends, Path, Request

from services.portal.cookies import SESSION
from services.portal.desk import Desk
from services.portal.group import Reader
from services.portal.language import language_for
from services.portal.sessions import Session
from services.portal.sign_out import ForeignFormError
from shared.clock import utc_now
from shared.errors import AnticipatedError, Sentence
from shared.vocabulary import Profession


class NotSignedInError(Exception):
    """The page is for somebody who has signed in; the first page offers it, and leads back."""

    def __init__(self, goal: str) -> None:
        super().__init__("not signed in")
        self.goal = goal


class OperatorsOnlyError(AnticipatedError):
    """Traces are shown to operators; what they show is decided by no service."""

    slug: ClassVar[str] = "operators-only"
    status: ClassVar[int] = 403
    fhir_code: ClassVar[str] = "forbidden"
    sentence: ClassVar[Sentence] = Sentence(
        "This page is for operators. If you need it for your work, ask your operator.",
        "Cette page est destinée aux exploitants. Si votre travail le demande, adressez-vous à l’un d’eux.",
    )


def _desk(request: Request) -> Desk:
    return request.app.state.resources.desk  # type: ignore[no-any-return]


At = Annotated[Desk, Depends(_desk)]


async def _session(request: Request, desk: At) -> Session | None:
    return await desk.sessions.find(request.cookies.get(SESSION), now=utc_now())


Signed = Annotated[Session | None, Depends(_session)]


async def _reader(request: Request, session: Signed) -> Reader:
    """Raises NotSignedInError."""
    if session is None:
        raise NotSignedInError(quote(request.url.path) if request.method == "GET" else "/")
    return Reader(session, language_for(request))


async def _operator(reader: Annotated[Reader, Depends(_reader)]) -> Reader:
    """For pages that no service decides about. Raises NotSignedInError or OperatorsOnlyError."""
    if reader.session.person.profession != Profession.OPERATOR:
        raise OperatorsOnlyError
    return reader


def _own_site(request: Request) -> None:
    """Browsers say where a form was; one of another site is refused. Raises ForeignFormError."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ForeignFormError


Reading = Annotated[Reader, Depends(_reader)]
Operating = Annotated[Reader, Depends(_operator)]
Ident = Annotated[str, Path(max_length=64, pattern=r"^[0-9A-Za-z-]+$")]
"""A part of an address that is put into another one: nothing that could lead elsewhere."""
OwnSite = Depends(_own_site)
