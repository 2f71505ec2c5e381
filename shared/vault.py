"""Speaks to Vault or OpenBao: hvac for login and renewal, one pooled aiohttp session for transit."""

import asyncio
import base64
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import hvac
import structlog

log = structlog.get_logger("serment.vault")
_BATCH = 240  # four strings of JSON an item, and the server refuses a request of more than a thousand
_PATIENCE = aiohttp.ClientTimeout(total=5)


class VaultUnavailableError(Exception):
    """Vault does not answer, is sealed, or does not permit the call."""


class UnwrapRefusedError(Exception):
    """Transit answered, and will not open this one item."""


class Vault:
    """One service's login and its transit calls; a token that was refused is renewed once, by one task for all."""

    def __init__(self, address: str, *, role_id: str, secret_id_file: Path) -> None:
        self._address = address.rstrip("/")
        self._role_id = role_id
        self._secret_id_file = secret_id_file
        self._token = ""
        self._lease = 60.0
        self._logging_in = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None
        self._renewal: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Logs in and keeps the login alive. Raises VaultUnavailableError; it may then be tried again."""
        self._session = aiohttp.ClientSession(timeout=_PATIENCE, connector=aiohttp.TCPConnector(limit=32))
        try:
            await self._login(self._token)
        except VaultUnavailableError:
            await self._session.close()
            raise
        self._renewal = asyncio.create_task(self._keep_login())

    async def close(self) -> None:
        if self._renewal:
            self._renewal.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._renewal
        if self._session:
            await self._session.close()

    async def ping(self) -> None:
        """Raises VaultUnavailableError unless the server is active, unsealed and knows this login."""
        await self._call("GET", "auth/token/lookup-self", None)

    async def make_data_key(self, kek: str, *, context: bytes) -> tuple[bytes, str]:
        """A new random 256-bit key of transit: (its bytes, the same wrapped by `kek` for `context`)."""
        data = await self._call("POST", f"transit/datakey/plaintext/{kek}", {"context": _b64(context), "bits": 256})
        return base64.b64decode(data["plaintext"]), str(data["ciphertext"])

    async def unwrap(self, kek: str, items: Sequence[tuple[str, bytes]]) -> list[bytes | UnwrapRefusedError]:
        """Opens (wrapped key, context) pairs, at most 240 a call; an item that transit refuses is answered as its own error."""
        opened: list[bytes | UnwrapRefusedError] = []
        for start in range(0, len(items), _BATCH):
            part = items[start : start + _BATCH]
            body = {"batch_input": [{"ciphertext": wrapped, "context": _b64(context)} for wrapped, context in part]}
            data = await self._call("POST", f"transit/decrypt/{kek}", body)
            opened += [_unwrapped(result) for result in data["batch_results"]]
        return opened

    async def sign(self, key: str, message: bytes) -> bytes:
        """A raw Ed25519 signature (64 bytes)."""
        data = await self._call("POST", f"transit/sign/{key}", {"input": _b64(message)})
        return base64.b64decode(str(data["signature"]).rsplit(":", 1)[1])

    async def public_key(self, key: str) -> bytes:
        """The raw public key (32 bytes) of the latest version of an Ed25519 key."""
        data = await self._call("GET", f"transit/keys/{key}", None)
        return base64.b64decode(data["keys"][str(data["latest_version"])]["public_key"])

    async def _call(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        token = self._token
        status, answer = await self._send(method, path, body)
        if status == 403:  # noqa: PLR2004 - an expired token, or a policy taken away
            await self._login(token)
            status, answer = await self._send(method, path, body)
        partly_refused = status == 400 and "batch_results" in (answer.get("data") or {})  # noqa: PLR2004
        if status != 200 and not partly_refused:  # noqa: PLR2004
            raise VaultUnavailableError(f"Vault answered {status} to {path}")
        return answer["data"]  # type: ignore[no-any-return]

    async def _send(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        if self._session is None:
            raise VaultUnavailableError("Vault was not opened")
        headers = {"X-Vault-Token": self._token, "X-Vault-Request": "true"}
        try:
            async with self._session.request(method, f"{self._address}/v1/{path}", json=body, headers=headers) as response:
                return response.status, await response.json(content_type=None) or {}
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise VaultUnavailableError(f"Vault does not answer ({type(error).__name__})") from error

    async def _login(self, refused_token: str) -> None:
        async with self._logging_in:
            if self._token != refused_token:
                return
            try:
                self._token, self._lease = await asyncio.to_thread(self._approle_login)
            except (hvac.exceptions.VaultError, OSError) as error:
                raise VaultUnavailableError(f"Vault login failed ({type(error).__name__})") from error

    def _approle_login(self) -> tuple[str, float]:
        client = hvac.Client(url=self._address, timeout=5)
        try:
            secret_id = self._secret_id_file.read_text().strip()
            auth = client.auth.approle.login(role_id=self._role_id, secret_id=secret_id)["auth"]
            return auth["client_token"], float(auth["lease_duration"])
        finally:
            client.adapter.close()

    async def _keep_login(self) -> None:
        while True:
            await asyncio.sleep(self._lease * 2 / 3)
            try:
                await self._login(self._token)
            except VaultUnavailableError as error:
                log.warning("vault.login-failed", error=type(error).__name__)
                self._lease = 15.0


def _unwrapped(result: dict[str, Any]) -> bytes | UnwrapRefusedError:
    if result.get("error"):
        return UnwrapRefusedError("transit refused one item")
    return base64.b64decode(result["plaintext"])


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
