"""Keeps a sign-in between leaving for the provider and coming back: bound to the browser by a cookie, used once, gone in ten minutes."""

import base64
import hashlib
import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

import orjson

from services.portal.cookie_box import CookieBox
from shared.mongo import Database

LASTS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class BegunSignIn:
    """What the answer must repeat (state), what the token must carry (nonce), what proves that we asked (PKCE verifier).

    `goal` is the page that was wanted.
    """

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    goal: str = "/"

    @property
    def challenge(self) -> str:
        """RFC 7636, S256."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class BegunSignIns:
    def __init__(self, database: Database) -> None:
        self._box = CookieBox(database, "sign-in")

    async def begin(self, goal: str, *, now: datetime) -> tuple[str, BegunSignIn]:
        """(the cookie's value, what it opens). Raises SessionsUnavailableError."""
        begun = BegunSignIn(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), goal)
        return await self._box.put(orjson.dumps(asdict(begun)), ends_at=now + LASTS), begun

    async def take(self, secret: str | None, *, now: datetime) -> BegunSignIn | None:
        """Only once. Raises SessionsUnavailableError."""
        kept = await self._box.take(secret, now=now)
        return BegunSignIn(**orjson.loads(kept[0])) if kept else None
