"""Opens the session of a cookie for one request, and renews its secret while it is used."""

from datetime import datetime, timedelta

from services.portal.desk import Desk
from services.portal.sessions import Session

RENEWED_EVERY = timedelta(minutes=5)


async def open_session(secret: str | None, *, now: datetime, desk: Desk) -> Session | None:
    """Raises SessionsUnavailableError."""
    return await desk.sessions.find(secret, now=now)


async def open_renewed(secret: str | None, *, now: datetime, desk: Desk) -> Session | None:
    """For an answer that can carry a new cookie: a stolen one is of no use for long. Raises SessionsUnavailableError."""
    session = await open_session(secret, now=now, desk=desk)
    if session is None or now < session.renewed_at + RENEWED_EVERY:
        return session
    return await desk.sessions.renew(session, now=now)
