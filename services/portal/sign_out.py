"""Signs a person out: the session ends first, then it is noted, then it is answered."""

from datetime import datetime
from typing import ClassVar

from services.portal.desk import Desk
from services.portal.identity_notes import note_identity
from shared.errors import AnticipatedError, Sentence
from shared.events.portal import SIGNED_OUT


class ForeignFormError(AnticipatedError):
    """A form that no page of this session made."""

    slug: ClassVar[str] = "foreign-form"
    status: ClassVar[int] = 403
    fhir_code: ClassVar[str] = "forbidden"
    sentence: ClassVar[Sentence] = Sentence(
        "This form does not come from a page of yours. Open the first page and try again.",
        "Ce formulaire ne vient pas de l’une de vos pages. Ouvrez la première page et réessayez.",
    )


async def sign_out(secret: str | None, form_token: str, *, now: datetime, desk: Desk) -> None:
    """Nobody signed in: nothing to do. Raises ForeignFormError, SessionsUnavailableError or NoteNotKeptError."""
    session = await desk.sessions.find(secret, now=now)
    if session is None:
        return
    if not session.made_form(form_token):
        raise ForeignFormError
    await end_session(secret, reason="asked", now=now, desk=desk)


async def end_session(secret: str | None, *, reason: str, now: datetime, desk: Desk) -> None:
    """Of two who end it at once, one notes it."""
    ended = await desk.sessions.end(secret, now=now)
    if ended is not None:
        await note_identity(SIGNED_OUT, ended.person, reason=reason, now=now, notes=desk.notes)
