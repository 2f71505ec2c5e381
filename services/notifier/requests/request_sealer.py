"""Seals what patients ask and what they are answered, under the key of that patient at that site."""

import orjson

from services.notifier.messages.message_sealer import key_owner
from services.notifier.refusals import KeysSilentError, RecordErasedError
from services.notifier.requests.model import PatientRequest, Said
from shared.keyring import KeyAbsentError, KeyErasedError, Keyring
from shared.sealing import Place, UnreadableError, key_id_of
from shared.vault import VaultUnavailableError
from shared.vocabulary import PatientId


class RequestSealer:
    """Each version is bound to its place: words moved to another request, or back to an earlier version, do not open."""

    def __init__(self, keyring: Keyring, *, group: str) -> None:
        self._keyring = keyring
        self._group = group

    async def seal(self, said: Said, patient: PatientId, site: str, ident: str, version: int) -> bytes:
        """Raises RecordErasedError or KeysSilentError."""
        owner = key_owner(site, patient)
        try:
            key = (await self._keyring.make(owner)).current
        except KeyErasedError:
            raise RecordErasedError from None
        except VaultUnavailableError:
            raise KeysSilentError from None
        plain = {"words": said.words, "entries": list(said.entries), "extension": said.extension, "answer": said.answer}
        return key.seal(orjson.dumps(plain), self._place(owner, ident, version))

    async def open(self, request: PatientRequest) -> Said | None:
        """None for what does not open any more: the chart was erased. Raises KeysSilentError."""
        owner = key_owner(request.site, request.patient)
        try:
            keys = await self._keyring.keys_of(owner)
            place = self._place(owner, request.ident, request.version)
            plain = keys.opening(key_id_of(request.sealed)).open(request.sealed, place)
        except (KeyAbsentError, KeyErasedError, UnreadableError):
            return None
        except VaultUnavailableError:
            raise KeysSilentError from None
        return Said(**orjson.loads(plain))

    def _place(self, owner: str, ident: str, version: int) -> Place:
        return Place(self._group, owner, "request", ident, version)
