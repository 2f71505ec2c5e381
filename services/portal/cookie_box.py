"""Keeps what belongs to one cookie, sealed under a key that only the cookie gives."""

import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.clock import rfc3339
from shared.errors import AnticipatedError, Sentence
from shared.mongo import Database, MongoError

_SECRET = re.compile(r"[0-9a-f]{64}")
_NONCE = 12


class SessionsUnavailableError(AnticipatedError):
    """The portal's database does not answer."""

    slug: ClassVar[str] = "sessions-unavailable"
    status: ClassVar[int] = 503
    fhir_code: ClassVar[str] = "transient"
    sentence: ClassVar[Sentence] = Sentence(
        "Sessions cannot be opened at the moment. Try again shortly.",
        "Les sessions ne peuvent pas être ouvertes en ce moment. Réessayez dans un instant.",
    )


def derived(secret: str, use: str) -> bytes:
    """A key for one use of a cookie's secret; keys for different uses say nothing about each other."""
    return HKDF(SHA256(), length=32, salt=None, info=f"serment/portal/{use}/v1".encode()).derive(bytes.fromhex(secret))


def handle_of(secret: str) -> str:
    """The database's name for what a cookie opens; it opens nothing."""
    return hashlib.sha256(bytes.fromhex(secret)).hexdigest()


class CookieBox:
    """One collection of rows {handle, sealed bytes, end}; whoever has the database alone reads none of them, whatever their kind."""

    def __init__(self, database: Database, kind: str) -> None:
        self._rows = database.get_collection("sessions")
        self._kind = kind

    async def put(self, plain: bytes, *, ends_at: datetime) -> str:
        """The cookie's value: 256 random bits, drawn here and kept nowhere. Raises SessionsUnavailableError."""
        secret = secrets.token_hex(32)
        try:
            await self._rows.insert_one({"_id": handle_of(secret), **self._sealed(secret, plain, ends_at)})
        except MongoError as error:
            raise SessionsUnavailableError from error
        return secret

    async def replace(self, secret: str, plain: bytes, *, ends_at: datetime, before: datetime) -> bool:
        """Whether what the cookie opens still ended at `before`; of several at once, one finds it so. Raises SessionsUnavailableError."""
        known = {"_id": handle_of(secret), "ends_at": before}
        try:
            replaced = await self._rows.find_one_and_update(known, {"$set": self._sealed(secret, plain, ends_at)})
        except MongoError as error:
            raise SessionsUnavailableError from error
        return replaced is not None

    async def find(self, secret: str | None, *, now: datetime) -> tuple[bytes, datetime] | None:
        """What was put, and when it ends; None for a cookie that opens nothing. Raises SessionsUnavailableError."""
        if secret is None or not _SECRET.fullmatch(secret):
            return None
        try:
            row = await self._rows.find_one({"_id": handle_of(secret)})
        except MongoError as error:
            raise SessionsUnavailableError from error
        return self._opened(secret, row, now)

    async def take(self, secret: str | None, *, now: datetime) -> tuple[bytes, datetime] | None:
        """Like `find`, for one time only. Raises SessionsUnavailableError."""
        if secret is None or not _SECRET.fullmatch(secret):
            return None
        try:
            row = await self._rows.find_one_and_delete({"_id": handle_of(secret)})
        except MongoError as error:
            raise SessionsUnavailableError from error
        return self._opened(secret, row, now)

    def _opened(self, secret: str, row: Mapping[str, Any] | None, now: datetime) -> tuple[bytes, datetime] | None:
        if row is None or row["ends_at"] <= now:
            return None
        sealed = bytes(row["sealed"])
        try:
            plain = AESGCM(derived(secret, self._kind)).decrypt(sealed[:_NONCE], sealed[_NONCE:], self._bound_to(secret, row["ends_at"]))
        except (InvalidTag, ValueError):
            return None
        return plain, row["ends_at"]

    def _sealed(self, secret: str, plain: bytes, ends_at: datetime) -> dict[str, Any]:
        nonce = os.urandom(_NONCE)
        sealed = nonce + AESGCM(derived(secret, self._kind)).encrypt(nonce, plain, self._bound_to(secret, ends_at))
        return {"sealed": sealed, "ends_at": ends_at}

    def _bound_to(self, secret: str, ends_at: datetime) -> bytes:
        """A row that was moved, or whose end was changed, does not open."""
        return f"{self._kind}\0{handle_of(secret)}\0{rfc3339(ends_at)}".encode()
