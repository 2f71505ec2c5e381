"""Keeps who is signed in: a cookie's 256 random bits open one session, and the database alone opens none."""

import hmac
import secrets
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

import orjson

from services.portal.cookie_box import CookieBox, derived, handle_of
from shared.clock import rfc3339, to_millisecond
from shared.identity import Actor
from shared.mongo import Database

OVERLAP = timedelta(seconds=30)
"""How long a secret that was renewed still leads to its session: for what was on its way meanwhile, and an answer that got lost."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in, as the token said; `patient` is the id of a patient's own chart."""

    ident: str
    name: str = field(repr=False)
    profession: str
    site: str
    patient: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """`token` is the person's bearer token for the services; the session ends with it.

    `secret` is renewed again and again, `root` stays: forms and streams belong to it. `workstation` is where it was begun, an id of the
    person's site; empty when the token did not say.
    """

    secret: str = field(repr=False)
    root: str = field(repr=False)
    token: str = field(repr=False)
    person: Person
    workstation: str
    begun_at: datetime
    renewed_at: datetime
    ends_at: datetime

    @property
    def handle(self) -> str:
        return handle_of(self.secret)

    @property
    def form_token(self) -> str:
        """What every form of this session carries, and no other site can know."""
        return derived(self.root, "form").hex()

    def made_form(self, form_token: str) -> bool:
        return hmac.compare_digest(self.form_token.encode(), form_token.encode())


class Sessions:
    """A row holds a session, or the secret that followed the one which opens it."""

    def __init__(self, database: Database) -> None:
        self._box = CookieBox(database, "session")

    async def begin(self, token: str, actor: Actor, *, now: datetime, ends_at: datetime) -> Session:
        """Under a new secret, always. Raises SessionsUnavailableError."""
        person = Person(actor.ident, actor.name, actor.profession, actor.site, actor.patient)
        now = to_millisecond(now)
        return await self._put(Session("", secrets.token_hex(32), token, person, actor.workstation, now, now, to_millisecond(ends_at)))

    async def find(self, secret: str | None, *, now: datetime) -> Session | None:
        """Under the newest of its secrets. Raises SessionsUnavailableError."""
        found = _opened(secret, await self._box.find(secret, now=now))
        return await self.find(found, now=now) if isinstance(found, str) else found

    async def renew(self, session: Session, *, now: datetime, at_once: bool = False) -> Session | None:
        """The same session under a new secret; of two at once, both get the same one. Raises SessionsUnavailableError.

        The secret of before leads to it for half a minute, or `at_once` to nothing. In its last half minute a session keeps its
        secret, which ends sooner anyway.
        """
        until = to_millisecond(now) + (timedelta() if at_once else OVERLAP)
        if session.ends_at <= until:
            return session
        renewed = await self._put(replace(session, renewed_at=to_millisecond(now)))
        follows = orjson.dumps({"follows": renewed.secret})
        if await self._box.replace(session.secret, follows, ends_at=until, before=session.ends_at):
            return renewed
        await self._box.take(renewed.secret, now=now)
        return await self.find(session.secret, now=now)

    async def end(self, secret: str | None, *, now: datetime) -> Session | None:
        """The session that this ended, if there was one; of two at once, one gets it. Raises SessionsUnavailableError."""
        ended = _opened(secret, await self._box.take(secret, now=now))
        return await self.end(ended, now=now) if isinstance(ended, str) else ended

    async def _put(self, session: Session) -> Session:
        kept = {
            "root": session.root,
            "token": session.token,
            "person": asdict(session.person),
            "workstation": session.workstation,
            "begun_at": rfc3339(session.begun_at),
            "renewed_at": rfc3339(session.renewed_at),
        }
        return replace(session, secret=await self._box.put(orjson.dumps(kept), ends_at=session.ends_at))


def _opened(secret: str | None, kept: tuple[bytes, datetime] | None) -> Session | str | None:
    if secret is None or kept is None:
        return None
    plain, ends_at = kept
    found = orjson.loads(plain)
    if "follows" in found:
        return str(found["follows"])
    begun_at, renewed_at = (datetime.fromisoformat(found[name]) for name in ("begun_at", "renewed_at"))
    person = Person(**found["person"])
    return Session(secret, found["root"], found["token"], person, found["workstation"], begun_at, renewed_at, ends_at)
