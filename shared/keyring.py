"""Keeps data keys wrapped by Vault, and opens them for sixty seconds at a time."""

import contextlib
import os
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.coalescing import Coalesced
from shared.mongo import Database, DuplicateKeyError
from shared.sealing import DataKey, UnreadableError
from shared.vault import UnwrapRefusedError, Vault

_TTL = 60.0


class KeyErasedError(Exception):
    """The owner's keys were destroyed; nothing sealed under them opens again, and none can be made."""


class KeyAbsentError(Exception):
    """The owner has no key here."""


@dataclass(frozen=True, slots=True)
class OwnersKeys:
    """All unwrapped keys of one owner; `current` seals, the others only open."""

    current: DataKey
    by_id: Mapping[bytes, DataKey]
    until: float

    def opening(self, key_id: bytes) -> DataKey:
        key = self.by_id.get(key_id)
        if key is None:
            raise UnreadableError
        return key


class Keyring:
    """One row per owner: wrapped keys, or a tombstone for ever. Rows are useless without Vault's key-encryption key."""

    def __init__(self, database: Database, *, vault: Vault, kek: str, site: str, capacity: int = 20_000) -> None:
        self._rows = database.get_collection("keys")
        self._vault = vault
        self._kek = kek
        self._site = site
        self._capacity = capacity
        self._cache: OrderedDict[str, OwnersKeys] = OrderedDict()
        self._barred: set[str] = set()
        self._lookups: Coalesced[str, OwnersKeys | KeyErasedError | UnreadableError] = Coalesced(self._load)
        self.hits = 0
        self.misses = 0

    async def keys_of(self, owner: str) -> OwnersKeys:
        """Raises KeyErasedError, KeyAbsentError, UnreadableError or VaultUnavailableError."""
        cached = self._cache.get(owner)
        if cached is not None and cached.until > time.monotonic():
            self.hits += 1
            return cached
        self.misses += 1
        found = await self._lookups.get(owner)
        if found is None:
            raise KeyAbsentError
        if isinstance(found, KeyErasedError) or owner in self._barred:
            raise KeyErasedError
        if isinstance(found, UnreadableError):
            raise UnreadableError
        return found

    async def make(self, owner: str) -> OwnersKeys:
        """The owner's keys, made first if there are none. Raises KeyErasedError after destruction."""
        try:
            return await self.keys_of(owner)
        except KeyAbsentError:
            key_id = os.urandom(16)
            _secret, wrapped = await self._vault.make_data_key(self._kek, context=self._context(owner, key_id))
            with contextlib.suppress(DuplicateKeyError):  # another process made it first, or it was destroyed meanwhile: read it back
                await self._rows.insert_one({"_id": owner, "current": key_id, "keys": [{"id": key_id, "wrapped": wrapped}]})
            return await self.keys_of(owner)

    async def destroy(self, owner: str, *, now: datetime, reference: str) -> None:
        """Replaces the wrapped keys by a tombstone that forbids new ones; idempotent."""
        self.bar(owner)
        tombstone = {"tombstone": {"at": now, "reference": reference}}
        while True:
            try:
                await self._rows.replace_one({"_id": owner, "tombstone": {"$exists": False}}, tombstone, upsert=True)
            except DuplicateKeyError:  # a tombstone is there already, or another process is just making the first key
                row = await self._rows.find_one({"_id": owner})
                if row is not None and "tombstone" in row:
                    return
            else:
                return

    def bar(self, owner: str) -> None:
        """Drops the owner's keys and lets none back into memory, not even those of a lookup that is under way."""
        self._barred.add(owner)
        self.forget(owner)

    def forget(self, owner: str) -> None:
        """Drops the owner's unwrapped keys from memory."""
        self._cache.pop(owner, None)

    async def _load(self, owners: list[str]) -> Mapping[str, "OwnersKeys | KeyErasedError | UnreadableError"]:
        """A damaged row spoils nothing for the other owners of its round."""
        rows: list[dict[str, Any]] = await self._rows.find({"_id": {"$in": owners}}).to_list(length=None)
        found: dict[str, OwnersKeys | KeyErasedError | UnreadableError] = {
            row["_id"]: KeyErasedError() for row in rows if "tombstone" in row
        }
        alive = [row for row in rows if "tombstone" not in row]
        wrapped = [(key["wrapped"], self._context(row["_id"], key["id"])) for row in alive for key in row["keys"]]
        secrets = iter(await self._vault.unwrap(self._kek, wrapped)) if wrapped else iter(())
        for row in alive:
            opened = {bytes(key["id"]): next(secrets) for key in row["keys"]}
            found[row["_id"]] = self._remember(row, opened)
        return found

    def _remember(self, row: Mapping[str, Any], opened: Mapping[bytes, bytes | UnwrapRefusedError]) -> OwnersKeys | UnreadableError:
        keys = {key_id: DataKey(key_id, secret) for key_id, secret in opened.items() if isinstance(secret, bytes)}
        current = keys.get(bytes(row["current"]))
        if current is None:
            return UnreadableError()
        owned = OwnersKeys(current=current, by_id=keys, until=time.monotonic() + _TTL)
        if row["_id"] in self._barred:
            return owned
        self._cache[row["_id"]] = owned
        self._cache.move_to_end(row["_id"])
        while len(self._cache) > self._capacity:
            self._cache.popitem(last=False)
        return owned

    def _context(self, owner: str, key_id: bytes) -> bytes:
        """Derives another wrapping key for each row, so that a wrapped key copied to another row does not unwrap."""
        return f"serment/kek/v1\0{self._site}\0{owner}\0".encode() + key_id
