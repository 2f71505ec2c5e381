"""Proves the Vault client on the real server: batches, single refusals, one login for all, and every way of being unavailable."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from structlog.testing import capture_logs

from deploy.local.stack import Stack
from shared.vault import UnwrapRefusedError, Vault, VaultUnavailableError
from tests.shared.conftest import VaultLogin, a_login
from tests.shared.proxies import HttpProxy, open_http_proxy, open_wire

LOGIN = "auth/approle/login"


@dataclass(frozen=True)
class VaultDesk:
    """A client whose calls can be counted on their way."""

    vault: Vault
    proxy: HttpProxy
    login: VaultLogin

    @property
    def kek(self) -> str:
        return self.login.name

    @property
    def logins(self) -> int:
        return len(self.proxy.asked(LOGIN))

    async def wrapped(self, count: int) -> list[tuple[str, bytes]]:
        """The secret of number n is n, under the context of number n."""
        items: list[tuple[str, bytes]] = []
        for start in range(0, count, 200):
            numbers = range(start, min(start + 200, count))
            batch = [{"plaintext": _b64(b"secret %d" % n), "context": _b64(b"context %d" % n)} for n in numbers]
            data = await self.vault._call("POST", f"transit/encrypt/{self.kek}", {"batch_input": batch})
            items += [(one["ciphertext"], b"context %d" % n) for one, n in zip(data["batch_results"], numbers, strict=True)]
        return items


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@pytest.fixture
async def desk(vault_login: VaultLogin) -> AsyncIterator[VaultDesk]:
    async with open_http_proxy(vault_login.address) as proxy:
        vault = vault_login.client(proxy.address)
        await vault.open()
        yield VaultDesk(vault, proxy, vault_login)
        await vault.close()


@pytest.fixture
def without_decrypt(vault_login: VaultLogin) -> Iterator[None]:
    vault_login.permit(f"transit/encrypt/{vault_login.name}")
    yield
    vault_login.permit_all()


class TestUnwrap:
    async def test_opens_what_was_made_only_under_its_own_context(self, desk: VaultDesk) -> None:
        secret, wrapped = await desk.vault.make_data_key(desk.kek, context=b"here")

        assert len(secret) == 32
        assert await desk.vault.unwrap(desk.kek, [(wrapped, b"here")]) == [secret]
        (elsewhere,) = await desk.vault.unwrap(desk.kek, [(wrapped, b"there")])
        assert isinstance(elsewhere, UnwrapRefusedError)

    async def test_splits_what_the_server_would_refuse_in_one_call_and_keeps_its_order(self, desk: VaultDesk) -> None:
        items = await desk.wrapped(1000)

        opened = await desk.vault.unwrap(desk.kek, items)

        assert opened == [b"secret %d" % n for n in range(1000)]
        sizes = [len(body["batch_input"]) for body in desk.proxy.asked(f"decrypt/{desk.kek}")]
        assert sum(sizes) == 1000
        assert 3 <= len(sizes) <= 5
        assert max(sizes) <= 400

    async def test_answers_each_refused_item_in_its_place(self, desk: VaultDesk) -> None:
        items = await desk.wrapped(6)
        items[1] = (items[1][0], b"context 2")
        items[3] = ("vault:v1:" + _b64(bytes(60)), b"context 3")
        items[4] = ("not a ciphertext", b"context 4")

        opened = await desk.vault.unwrap(desk.kek, items)

        assert [isinstance(one, UnwrapRefusedError) for one in opened] == [False, True, False, True, True, False]
        assert [opened[n] for n in (0, 2, 5)] == [b"secret 0", b"secret 2", b"secret 5"]

    async def test_asks_nothing_for_nothing(self, desk: VaultDesk) -> None:
        assert await desk.vault.unwrap(desk.kek, []) == []
        assert desk.proxy.asked(f"decrypt/{desk.kek}") == []


class TestSign:
    async def test_can_be_verified_with_the_public_key(self, desk: VaultDesk) -> None:
        signature = await desk.vault.sign(f"{desk.kek}-signing", b"a head")
        public = await desk.vault.public_key(f"{desk.kek}-signing")

        Ed25519PublicKey.from_public_bytes(public).verify(signature, b"a head")


class TestLogin:
    async def test_is_renewed_once_when_many_calls_are_refused_at_once(self, desk: VaultDesk) -> None:
        items = await desk.wrapped(20)
        desk.login.revoke(desk.vault._token)
        before = desk.logins

        opened = await asyncio.gather(*(desk.vault.unwrap(desk.kek, [item]) for item in items))

        assert [one for (one,) in opened] == [b"secret %d" % n for n in range(20)]
        assert desk.proxy.answers[403] > 1
        assert desk.logins - before == 1

    async def test_is_renewed_before_it_ends(self, stack: Stack, tmp_path: Path) -> None:
        login = a_login(stack, tmp_path, ttl="1s")
        async with open_http_proxy(login.address) as proxy:
            vault = login.client(proxy.address)
            await vault.open()
            for _ in range(8):
                await asyncio.sleep(0.2)
                await vault.ping()
            await vault.close()

        assert len(proxy.asked(LOGIN)) >= 3
        assert proxy.answers[403] == 0

    async def test_that_is_refused_makes_vault_unavailable(self, vault_login: VaultLogin, tmp_path: Path) -> None:
        (tmp_path / "secret-id").write_text("not the secret id")
        for file in (tmp_path / "secret-id", tmp_path / "absent"):
            vault = Vault(vault_login.address, role_id=vault_login.role_id, secret_id_file=file)
            with pytest.raises(VaultUnavailableError):
                await vault.open()
            await vault.close()

    async def test_shows_neither_token_nor_secret(self, desk: VaultDesk) -> None:
        secrets = [desk.vault._token, desk.login.secret_id_file.read_text()]
        with capture_logs() as logged:
            desk.proxy.instead = (503, b"{}")
            with pytest.raises(VaultUnavailableError) as unavailable:
                await desk.vault.ping()

        assert not [secret for secret in secrets if secret in f"{logged} {unavailable.value!r} {desk.vault!r}"]


class TestVaultUnavailable:
    @pytest.mark.usefixtures("without_decrypt")
    async def test_when_its_policy_was_taken_away(self, desk: VaultDesk) -> None:
        items = await desk.wrapped(20)
        before = desk.logins

        outcomes = await asyncio.gather(*(desk.vault.unwrap(desk.kek, [item]) for item in items), return_exceptions=True)

        assert [type(outcome) for outcome in outcomes] == [VaultUnavailableError] * 20
        assert desk.logins - before == 1

    @pytest.mark.parametrize(
        "answer",
        [(503, b'{"errors": ["Vault is sealed"]}'), (500, b'{"errors": ["no leader"]}'), (429, b"{}"), (502, b"<html>"), (200, b"<html>")],
        ids=str,
    )
    async def test_when_it_is_sealed_or_answers_nonsense(self, desk: VaultDesk, answer: tuple[int, bytes]) -> None:
        items = await desk.wrapped(1)
        desk.proxy.instead = answer

        with pytest.raises(VaultUnavailableError):
            await desk.vault.unwrap(desk.kek, items)

        desk.proxy.instead = None
        assert await desk.vault.unwrap(desk.kek, items) == [b"secret 0"]

    async def test_when_nobody_is_there_and_no_longer_than_that(self, vault_login: VaultLogin) -> None:
        host, port = vault_login.address.removeprefix("http://").split(":")
        async with open_wire(host, int(port)) as wire:
            vault = vault_login.client(f"http://127.0.0.1:{wire.port}")
            await vault.open()
            wire.cut()
            with pytest.raises(VaultUnavailableError):
                await vault.ping()
            wire.mend()
            await vault.ping()
            await vault.close()

    async def test_when_it_was_never_there(self, vault_login: VaultLogin) -> None:
        vault = vault_login.client("http://127.0.0.1:1")

        with pytest.raises(VaultUnavailableError):
            await vault.open()
        await vault.close()

    async def test_ends_when_a_login_that_failed_succeeds_again(self, desk: VaultDesk) -> None:
        desk.login.revoke(desk.vault._token)
        desk.proxy.instead = (503, b"{}")
        with pytest.raises(VaultUnavailableError):
            await desk.vault.ping()
        desk.proxy.instead = None

        await desk.vault.ping()
