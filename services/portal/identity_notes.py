"""Keeps a note of each sign-in, sign-out and failure, before anything is answered: ids only, no name and no token."""

from datetime import datetime

from services.portal.sessions import Person
from shared.events.portal import SIGN_IN_FAILED
from shared.notes import Notes
from shared.vocabulary import Outcome


async def note_identity(type_: str, person: Person | None, *, reason: str | None = None, now: datetime, notes: Notes) -> None:
    """`person` is None when a sign-in failed before anyone was known. Raises NoteNotKeptError."""
    actor = {"id": person.ident, "profession": person.profession, "site": person.site} if person else None
    outcome = Outcome.REFUSED if type_ == SIGN_IN_FAILED else Outcome.ANSWERED
    await notes.keep(notes.draw(type_, {"actor": actor, "outcome": outcome, "reason": reason}, now=now))
