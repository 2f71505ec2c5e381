"""Asks OpenBao whether a password is right, and for a code in the name of whoever gave it."""

import re
from collections.abc import Mapping
from typing import Any

import httpx

from deploy.local.login.refusals import NotAskedRightlyError, OpenBaoUnreachableError, WrongPasswordError

LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class Issuer:
    def __init__(self, http: httpx.AsyncClient, *, provider: str) -> None:
        self._http = http
        self._provider = provider

    async def sign_in(self, login: str, password: str) -> str:
        """The person's own token at OpenBao. Raises WrongPasswordError or OpenBaoUnreachableError."""
        if not LOGIN.fullmatch(login):
            raise WrongPasswordError
        answer = await self._call("POST", f"auth/userpass/login/{login}", json={"password": password})
        if answer.is_server_error:
            raise OpenBaoUnreachableError
        if not answer.is_success:
            raise WrongPasswordError
        return str(answer.json()["auth"]["client_token"])

    async def authorize(self, token: str, asked: Mapping[str, str]) -> dict[str, str]:
        """The code and the state to send back, once OpenBao accepted where they go. Raises NotAskedRightlyError."""
        headers = {"X-Vault-Token": token}
        answer = await self._call("GET", f"identity/oidc/provider/{self._provider}/authorize", params=dict(asked), headers=headers)
        await self._call("POST", "auth/token/revoke-self", headers=headers)
        if answer.is_server_error:
            raise OpenBaoUnreachableError
        if not answer.is_success:
            raise NotAskedRightlyError
        found = answer.json()
        return {"code": str(found["code"]), "state": str(found["state"])}

    async def _call(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            return await self._http.request(method, f"/v1/{path}", **more)
        except httpx.HTTPError as error:
            raise OpenBaoUnreachableError from error
