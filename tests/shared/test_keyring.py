"""Proves the keyring on the real database and Vault: one key per owner, destroyed for ever, bound to its row, never shown."""

import asyncio
import dataclasses
import logging
import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from shared.keyring import KeyAbsentError, KeyErasedError, Keyring
from shared.sealing import Place, UnreadableError
from shared.vault import UnwrapRefusedError, Vault
from tests.shared.conftest import VaultLogin

NOW = datetime(2026, 11, 25, 18, 6, 37, tzinfo=UTC)


@dataclass
class CountedVault:
    """The real one, with its unwrap calls kept."""

    vault: Vault
    unwrapped: list[int] = field(default_factory=list)
    secrets: list[bytes] = field(default_factory=list)

    async def make_data_key(self, kek: str, *, context: bytes) -> tuple[bytes, str]:
        return await self.vault.make_data_key(kek, context=context)

    async def unwrap(self, kek: str, items: Sequence[tuple[str, bytes]]) -> list[bytes | UnwrapRefusedError]:
        self.unwrapped.append(len(items))
        opened = await self.vault.unwrap(kek, items)
        self.secrets += [one for one in opened if isinstance(one, bytes)]
        return opened


@dataclass(frozen=True)
class KeyDesk:
    database: Any
    vault: CountedVault
    kek: str

    def ring(self, *, site: str = "nord", capacity: int = 1000, database: Any = None) -> Keyring:
        chosen = self.database if database is None else database
        return Keyring(chosen, vault=self.vault, kek=self.kek, site=site, capacity=capacity)  # type: ignore[arg-type]

    @property
    def rows(self) -> Any:
        return self.database.get_collection("keys")


@pytest.fixture
def desk(database: Any, vault: Vault, vault_login: VaultLogin) -> KeyDesk:
    return KeyDesk(database, CountedVault(vault), vault_login.name)


def an_owner() -> str:
    return str(uuid.uuid4())


def grow_old(ring: Keyring, owner: str) -> None:
    """As if sixty seconds had passed."""
    ring._cache[owner] = dataclasses.replace(ring._cache[owner], until=time.monotonic())


class TestMake:
    async def test_gives_everyone_the_same_key_however_many_ask_at_once(self, desk: KeyDesk) -> None:
        owner, one, other = an_owner(), desk.ring(), desk.ring()
        place = Place("nord", owner, "Patient", owner, 1)

        made = await asyncio.gather(*(ring.make(owner) for ring in (one, other) for _ in range(8)))

        assert len({keys.current.key_id for keys in made}) == 1
        assert made[-1].current.open(made[0].current.seal(b"x", place), place) == b"x"
        assert await desk.rows.count_documents({}) == 1

    async def test_keeps_the_key_it_made_before(self, desk: KeyDesk) -> None:
        owner = an_owner()
        first = await desk.ring().make(owner)

        assert (await desk.ring().make(owner)).current.key_id == first.current.key_id

    async def test_keeps_the_key_wrapped_only(self, desk: KeyDesk) -> None:
        await desk.ring().make(an_owner())

        (row,) = await desk.rows.find({}).to_list(length=None)
        assert row["keys"][0]["wrapped"].startswith("vault:v1:")
        assert not [secret for secret in desk.vault.secrets if secret in str(row).encode() or secret.hex() in str(row)]

    async def test_refuses_an_owner_whose_keys_were_destroyed(self, desk: KeyDesk) -> None:
        owner, ring = an_owner(), desk.ring()
        await ring.make(owner)
        await ring.destroy(owner, now=NOW, reference="erasure/1")

        for keyring in (ring, desk.ring()):
            with pytest.raises(KeyErasedError):
                await keyring.make(owner)
            with pytest.raises(KeyErasedError):
                await keyring.keys_of(owner)


class TestKeysOf:
    async def test_says_that_there_are_none(self, desk: KeyDesk) -> None:
        with pytest.raises(KeyAbsentError):
            await desk.ring().keys_of(an_owner())

    async def test_unwraps_many_owners_in_one_call(self, desk: KeyDesk) -> None:
        owners = [an_owner() for _ in range(50)]
        await asyncio.gather(*(desk.ring().make(owner) for owner in owners))
        desk.vault.unwrapped.clear()

        found = await asyncio.gather(*(desk.ring().keys_of(owners[0]), *map(desk.ring().keys_of, owners)))
        ring = desk.ring()
        desk.vault.unwrapped.clear()
        together = await asyncio.gather(*map(ring.keys_of, owners))

        assert len(found) == 51
        assert len({keys.current.key_id for keys in together}) == 50
        assert desk.vault.unwrapped == [50]

    async def test_remembers_for_sixty_seconds_at_most(self, desk: KeyDesk) -> None:
        owner, ring = an_owner(), desk.ring()
        keys = await ring.make(owner)
        asked = len(desk.vault.unwrapped)

        assert await ring.keys_of(owner) is keys
        assert 59 < keys.until - time.monotonic() <= 60
        assert len(desk.vault.unwrapped) == asked
        grow_old(ring, owner)
        await ring.keys_of(owner)
        assert len(desk.vault.unwrapped) == asked + 1

    async def test_sees_a_destruction_elsewhere_once_its_memory_is_old(self, desk: KeyDesk) -> None:
        owner, ring = an_owner(), desk.ring()
        await ring.make(owner)
        await desk.ring().destroy(owner, now=NOW, reference="erasure/1")
        grow_old(ring, owner)

        with pytest.raises(KeyErasedError):
            await ring.keys_of(owner)

    async def test_remembers_no_more_owners_than_it_may(self, desk: KeyDesk) -> None:
        ring = desk.ring(capacity=10)
        owners = [an_owner() for _ in range(25)]

        made = await asyncio.gather(*map(ring.make, owners))

        assert len(ring._cache) == 10
        assert (await ring.keys_of(owners[0])).current.key_id == made[0].current.key_id

    async def test_does_not_unwrap_a_key_that_was_copied_to_another_row(self, desk: KeyDesk) -> None:
        mine, theirs = an_owner(), an_owner()
        await desk.ring().make(mine)
        await desk.rows.insert_one(await desk.rows.find_one({"_id": mine}) | {"_id": theirs})

        with pytest.raises(UnreadableError):
            await desk.ring().keys_of(theirs)

    async def test_does_not_unwrap_a_key_under_another_id_or_site(self, desk: KeyDesk) -> None:
        owner = an_owner()
        await desk.ring().make(owner)
        with pytest.raises(UnreadableError):
            await desk.ring(site="sud").keys_of(owner)

        renamed = os.urandom(16)
        await desk.rows.update_one({"_id": owner}, {"$set": {"current": renamed, "keys.0.id": renamed}})
        with pytest.raises(UnreadableError):
            await desk.ring().keys_of(owner)

    async def test_opens_what_is_whole_beside_a_damaged_row(self, desk: KeyDesk) -> None:
        whole, damaged = an_owner(), an_owner()
        await asyncio.gather(desk.ring().make(whole), desk.ring().make(damaged))
        await desk.rows.update_one({"_id": damaged}, {"$set": {"keys.0.wrapped": "vault:v1:AAAA"}})
        ring = desk.ring()

        opened, refused = await asyncio.gather(ring.keys_of(whole), ring.keys_of(damaged), return_exceptions=True)

        assert isinstance(refused, UnreadableError)
        assert not isinstance(opened, BaseException)

    async def test_opens_with_former_keys_and_seals_with_the_current_one(self, desk: KeyDesk) -> None:
        owner, ring = an_owner(), desk.ring()
        former = (await ring.make(owner)).current
        sealed = former.seal(b"old", Place("nord", owner, "T", "i", 1))
        key_id = os.urandom(16)
        _, wrapped = await desk.vault.make_data_key(desk.kek, context=ring._context(owner, key_id))
        await desk.rows.update_one({"_id": owner}, {"$set": {"current": key_id}, "$push": {"keys": {"id": key_id, "wrapped": wrapped}}})

        keys = await desk.ring().keys_of(owner)

        assert keys.current.key_id == key_id
        assert keys.opening(former.key_id).open(sealed, Place("nord", owner, "T", "i", 1)) == b"old"
        with pytest.raises(UnreadableError):
            keys.opening(bytes(16))


class TestDestroy:
    async def test_is_the_same_done_twice(self, desk: KeyDesk) -> None:
        owner, ring = an_owner(), desk.ring()
        await ring.make(owner)

        await ring.destroy(owner, now=NOW, reference="erasure/1")
        await ring.destroy(owner, now=NOW, reference="erasure/2")

        row = await desk.rows.find_one({"_id": owner})
        assert row == {"_id": owner, "tombstone": {"at": NOW, "reference": "erasure/1"}}

    async def test_forbids_keys_to_an_owner_who_never_had_any(self, desk: KeyDesk) -> None:
        owner = an_owner()
        await desk.ring().destroy(owner, now=NOW, reference="erasure/1")

        with pytest.raises(KeyErasedError):
            await desk.ring().make(owner)

    async def test_holds_against_a_key_that_is_made_meanwhile(self, desk: KeyDesk) -> None:
        """Another process makes the owner's first key between any two steps of the destruction."""
        owner = an_owner()

        await desk.ring(database=_Interrupted(desk.database, lambda: desk.ring().make(owner))).destroy(owner, now=NOW, reference="e/1")

        with pytest.raises(KeyErasedError):
            await desk.ring().keys_of(owner)

    async def test_forgets_at_once_in_its_own_process(self, desk: KeyDesk) -> None:
        owner, ring = an_owner(), desk.ring()
        await ring.make(owner)
        await ring.destroy(owner, now=NOW, reference="erasure/1")

        assert owner not in ring._cache


class TestSecrecy:
    async def test_shows_no_key(self, desk: KeyDesk, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        owner, ring = an_owner(), desk.ring()
        with capture_logs() as logged:
            keys = await ring.make(owner)
            shown = f"{keys!r} {keys} {keys.by_id} {ring!r} {ring._cache}"
            await ring.destroy(owner, now=NOW, reference="erasure/1")

        assert desk.vault.secrets
        for secret in desk.vault.secrets:
            assert not [form for form in (secret.hex(), repr(secret)[2:-1]) if form in f"{shown} {logged} {caplog.text}"]


@dataclass
class _Interrupted:
    """A database in which `meanwhile` happens once, right after the first write of a keyring."""

    database: Any
    meanwhile: Any
    happened: bool = False

    def get_collection(self, name: str) -> "_Interrupted":
        self.database = self.database.get_collection(name)
        return self

    def __getattr__(self, call: str) -> Any:
        real = getattr(self.database, call)
        if call == "find":
            return real

        async def called(*args: Any, **kwargs: Any) -> Any:
            answer = await real(*args, **kwargs)
            if not self.happened:
                self.happened = True
                await asyncio.gather(self.meanwhile(), return_exceptions=True)
            return answer

        return called
