"""Seals bytes with AES-256-GCM under a data key, bound to the exact place where they stand."""

import hmac
import os
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = 1
_NONCE = 12
_KEY_ID = 16
_HEADER = 1 + _KEY_ID + _NONCE


class UnreadableError(Exception):
    """The bytes do not open: wrong key, wrong place, or changed since they were sealed."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where sealed bytes belong; moved anywhere else they do not open."""

    site: str
    owner: str
    kind: str
    ident: str
    version: int

    def associated_data(self, key_id: bytes) -> bytes:
        """Length-prefixed format version, site, owner, type, id, version and key id: no two places share it."""
        parts = [struct.pack(">BQ", FORMAT, self.version)]
        for part in (self.site.encode(), self.owner.encode(), self.kind.encode(), self.ident.encode(), key_id):
            parts += (len(part).to_bytes(2, "big"), part)
        return b"".join(parts)


class DataKey:
    """One unwrapped data key; it shows its id, never its bytes."""

    __slots__ = ("_cipher", "_secret", "key_id")

    def __init__(self, key_id: bytes, secret: bytes) -> None:
        if len(key_id) != _KEY_ID or len(secret) != 32:  # noqa: PLR2004 - AES-256 and 128-bit ids
            raise ValueError("a data key has 32 bytes and an id of 16")
        self.key_id = key_id
        self._secret = secret
        self._cipher = AESGCM(secret)

    def seal(self, plain: bytes, place: Place) -> bytes:
        """`format || key id || nonce || ciphertext and tag`; each nonce is drawn from the kernel (SP 800-38D, random construction)."""
        nonce = os.urandom(_NONCE)
        return bytes([FORMAT]) + self.key_id + nonce + self._cipher.encrypt(nonce, plain, place.associated_data(self.key_id))

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Raises UnreadableError for anything that was not sealed by this key at this place."""
        if key_id_of(sealed) != self.key_id:
            raise UnreadableError
        try:
            return self._cipher.decrypt(sealed[_HEADER - _NONCE : _HEADER], sealed[_HEADER:], place.associated_data(self.key_id))
        except InvalidTag as error:
            raise UnreadableError from error

    def blind(self, message: bytes) -> bytes:
        """A keyed index of an exact value (HMAC-SHA256 under a key derived from this one)."""
        return hmac.digest(hmac.digest(self._secret, b"serment/blind-index/v1", "sha256"), message, "sha256")

    def __repr__(self) -> str:
        return f"DataKey({self.key_id.hex()})"


def key_id_of(sealed: bytes) -> bytes:
    """The id of the key that sealed these bytes. Raises UnreadableError when they are not of this format."""
    if len(sealed) < _HEADER or sealed[0] != FORMAT:
        raise UnreadableError
    return sealed[1 : 1 + _KEY_ID]
