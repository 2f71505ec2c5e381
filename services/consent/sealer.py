"""Seals what patients said under keys of their own, in the keyring of `consent`."""

from typing import Any, ClassVar

import orjson

from shared.errors import AnticipatedError, Sentence
from shared.keyring import KeyAbsentError, KeyErasedError, Keyring, OwnersKeys
from shared.sealing import Place, UnreadableError, key_id_of
from shared.vault import VaultUnavailableError


class KeysUnavailableError(AnticipatedError):
    """Vault or the keyring of `consent` does not answer."""

    slug: ClassVar[str] = "consent-keys-unavailable"
    status: ClassVar[int] = 503
    fhir_code: ClassVar[str] = "transient"
    sentence: ClassVar[Sentence] = Sentence(
        "What this patient said cannot be opened right now. Try again in a moment.",
        "Ce que ce patient a exprimé est momentanément illisible. Réessayez dans un instant.",
    )


class ConsentSealer:
    """One key per patient; a statement moved to another patient, id or version does not open."""

    def __init__(self, keyring: Keyring, *, group: str) -> None:
        self._keyring = keyring
        self._group = group

    async def keys_of(self, patient: str) -> OwnersKeys | None:
        """None when the patient has none here, or they were destroyed. Raises KeysUnavailableError."""
        try:
            return await self._keyring.keys_of(patient)
        except (KeyAbsentError, KeyErasedError):
            return None
        except (VaultUnavailableError, UnreadableError) as error:
            raise KeysUnavailableError from error

    async def make_keys(self, patient: str) -> OwnersKeys:
        """Raises KeysUnavailableError."""
        try:
            return await self._keyring.make(patient)
        except (VaultUnavailableError, UnreadableError, KeyErasedError) as error:
            raise KeysUnavailableError from error

    def seal(self, plain: dict[str, Any], keys: OwnersKeys, *, patient: str, ident: str, version: int) -> bytes:
        return keys.current.seal(orjson.dumps(plain), self._place(patient, ident, version))

    def open(self, sealed: bytes, keys: OwnersKeys, *, patient: str, ident: str, version: int) -> dict[str, Any]:
        """Raises UnreadableError."""
        plain = keys.opening(key_id_of(sealed)).open(sealed, self._place(patient, ident, version))
        return orjson.loads(plain)  # type: ignore[no-any-return]

    def _place(self, patient: str, ident: str, version: int) -> Place:
        return Place(self._group, patient, "Consent", ident, version)
