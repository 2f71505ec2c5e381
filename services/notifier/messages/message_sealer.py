"""Seals what patients are told, under one key per patient and site, so that erasing a chart there takes this with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from services.notifier.messages.model import SealedMessage, message_ident
from shared.keyring import KeyAbsentError, KeyErasedError, Keyring
from shared.sealing import Place, UnreadableError, key_id_of
from shared.vocabulary import PatientId


@dataclass(frozen=True, slots=True)
class Told:
    """One message of a patient's inbox, opened."""

    ident: str
    at: datetime
    template: str = field(repr=False)
    values: Mapping[str, str] = field(repr=False)


class MessageSealer:
    """The row shows whom it is for and when; what it says, and even which text it is, is sealed."""

    def __init__(self, keyring: Keyring, *, group: str) -> None:
        self._keyring = keyring
        self._group = group

    async def seal(
        self, about: str, patient: PatientId, site: str, template: str, values: Mapping[str, str], *, at: datetime
    ) -> SealedMessage | None:
        """None when that patient's chart at that site was erased: there is no key any more. Raises VaultUnavailableError."""
        owner, ident = key_owner(site, patient), message_ident(about, patient, template)
        try:
            key = (await self._keyring.make(owner)).current
        except KeyErasedError:
            return None
        sealed = key.seal(orjson.dumps({"template": template, "values": dict(values)}), self._place(owner, ident))
        return SealedMessage(ident, patient, site, at, sealed)

    async def open(self, message: SealedMessage) -> Told | None:
        """None for what does not open any more. Raises VaultUnavailableError."""
        owner = key_owner(message.site, message.to)
        try:
            keys = await self._keyring.keys_of(owner)
            plain = keys.opening(key_id_of(message.sealed)).open(message.sealed, self._place(owner, message.ident))
        except (KeyAbsentError, KeyErasedError, UnreadableError):
            return None
        said = orjson.loads(plain)
        return Told(message.ident, message.at, said["template"], said["values"])

    async def forget(self, site: str, patient: PatientId, *, reference: str, now: datetime) -> None:
        """Destroys the key, for ever; idempotent."""
        await self._keyring.destroy(key_owner(site, patient), now=now, reference=reference)

    def _place(self, owner: str, ident: str) -> Place:
        return Place(self._group, owner, "message", ident, 1)


def key_owner(site: str, patient: str) -> str:
    return f"{site}/{patient}"
