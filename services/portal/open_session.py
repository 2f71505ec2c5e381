"""Opens the session of a cookie for one request, ends it when its workstation was locked, and renews its secret while it is used."""

from datetime import datetime, timedelta

from services.portal.desk import Desk
from services.portal.sessions import Session
from services.portal.sign_out import end_session

RENEWED_EVERY = timedelta(minutes=5)


class WorkstationLockedError(Exception):
    """The workstation where the session was begun was locked since, so that it is over now."""


async def open_session(secret: str | None, *, now: datetime, desk: Desk) -> Session | None:
    """Raises WorkstationLockedError, SessionsUnavailableError or NoteNotKeptError."""
    session = await desk.sessions.find(secret, now=now)
    if session is None or not session.workstation:
        return session
    lock = await desk.workstations.find(session.person.site, session.workstation)
    if lock is not None and lock.ends(session.begun_at):
        await end_session(secret, reason="workstation-locked", now=now, desk=desk)
        raise WorkstationLockedError
    return session


async def open_renewed(secret: str | None, *, now: datetime, desk: Desk) -> Session | None:
    """For an answer that can carry a new cookie: a stolen one is of no use for long. Raises what `open_session` raises."""
    session = await open_session(secret, now=now, desk=desk)
    if session is None or now < session.renewed_at + RENEWED_EVERY:
        return session
    return await desk.sessions.renew(session, now=now)
