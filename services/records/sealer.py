"""Seals and opens records and chart headers; opening a record takes a permit for its chart."""

import struct
from typing import ClassVar

from services.records.decision import Permit
from services.records.model import WHOLE_CHART, OpenedRecord, SealedRecord
from shared.errors import AnticipatedError, Sentence
from shared.keyring import KeyAbsentError, KeyErasedError, Keyring, OwnersKeys
from shared.sealing import Place, UnreadableError, key_id_of
from shared.vault import VaultUnavailableError


class KeysUnavailableError(AnticipatedError):
    """Vault or the keyring does not answer, and the keys are not in memory."""

    slug: ClassVar[str] = "keys-unavailable"
    status: ClassVar[int] = 503
    fhir_code: ClassVar[str] = "transient"
    sentence: ClassVar[Sentence] = Sentence(
        "The keys of this chart cannot be reached right now. Try again in a moment.",
        "Les clés de ce dossier sont momentanément inaccessibles. Réessayez dans un instant.",
    )


class WrongPermitError(Exception):
    """A permit for one chart was used on another: a fault of ours, never answered as anything else."""


class Sealer:
    """Plain bytes are `label length || labels || body`, so that labels are known without parsing the body."""

    def __init__(self, keyring: Keyring, *, site: str) -> None:
        self._keyring = keyring
        self._site = site

    async def keys_of(self, owner: str, *, make: bool = False) -> OwnersKeys:
        """Raises KeyErasedError, KeyAbsentError or KeysUnavailableError."""
        try:
            return await (self._keyring.make(owner) if make else self._keyring.keys_of(owner))
        except VaultUnavailableError as error:
            raise KeysUnavailableError from error

    async def open(self, record: SealedRecord, permit: Permit) -> OpenedRecord:
        """Raises KeyErasedError, UnreadableError or KeysUnavailableError."""
        if permit.ask.patient != record.patient or permit.ask.type not in {record.type, WHOLE_CHART}:
            raise WrongPermitError
        try:
            keys = await self.keys_of(record.owner)
        except KeyAbsentError as error:
            raise UnreadableError from error
        plain = keys.opening(key_id_of(record.sealed)).open(
            record.sealed, self.place(record.owner, record.type, record.ident, record.version)
        )
        return _opened(record, plain)

    def seal(self, keys: OwnersKeys, body: bytes, place: Place, *, labels: tuple[str, ...] = ()) -> bytes:
        packed = " ".join(labels).encode()
        return keys.current.seal(struct.pack(">H", len(packed)) + packed + body, place)

    def place(self, owner: str, kind: str, ident: str, version: int) -> Place:
        return Place(self._site, owner, kind, ident, version)


def _opened(record: SealedRecord, plain: bytes) -> OpenedRecord:
    (length,) = struct.unpack_from(">H", plain)
    labels = tuple(plain[2 : 2 + length].decode().split()) if length else ()
    return OpenedRecord(record, labels, plain[2 + length :])


__all__ = ["KeyAbsentError", "KeyErasedError", "KeysUnavailableError", "Sealer", "UnreadableError", "WrongPermitError"]
