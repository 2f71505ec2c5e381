"""Keeps who is signed in: a cookie's 256 random bits open one session, and the database alone opens none."""

import hmac
from dataclasses import asdict, dataclass, field
from datetime import datetime

import orjson

from services.portal.cookie_box import CookieBox, derived, handle_of
from shared.identity import Actor
from shared.mongo import Database


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
    """`token` is the person's bearer token for the services; the session ends with it."""

    secret: str = field(repr=False)
    token: str = field(repr=False)
    person: Person
    ends_at: datetime

    @property
    def handle(self) -> str:
        return handle_of(self.secret)

    @property
    def form_token(self) -> str:
        """What every form of this session carries, and no other site can know."""
        return derived(self.secret, "form").hex()

    def made_form(self, form_token: str) -> bool:
        return hmac.compare_digest(self.form_token.encode(), form_token.encode())


class Sessions:
    def __init__(self, database: Database) -> None:
        self._box = CookieBox(database, "session")

    async def begin(self, token: str, actor: Actor, *, ends_at: datetime) -> Session:
        """Under a new secret, always. Raises SessionsUnavailableError."""
        person = Person(actor.ident, actor.name, actor.profession, actor.site, actor.patient)
        secret = await self._box.put(orjson.dumps({"token": token, "person": asdict(person)}), ends_at=ends_at)
        return Session(secret, token, person, ends_at)

    async def find(self, secret: str | None, *, now: datetime) -> Session | None:
        """Raises SessionsUnavailableError."""
        return _session(secret, await self._box.find(secret, now=now))

    async def end(self, secret: str | None, *, now: datetime) -> Session | None:
        """The session that this ended, if there was one; of two at once, one gets it. Raises SessionsUnavailableError."""
        return _session(secret, await self._box.take(secret, now=now))


def _session(secret: str | None, kept: tuple[bytes, datetime] | None) -> Session | None:
    if secret is None or kept is None:
        return None
    plain, ends_at = kept
    found = orjson.loads(plain)
    return Session(secret, found["token"], Person(**found["person"]), ends_at)
