"""Gets a token for an account of this machine, by its password, from OpenBao."""

import httpx

from deploy.local.launcher_error import LauncherError

API_AUDIENCE = "serment-api"


def role_for(purpose: str) -> str:
    """The issuer's role that gives tokens for this purpose alone."""
    return f"{API_AUDIENCE}-{purpose}"


def get_token(address: str, login: str, password: str, *, purpose: str | None = None) -> str:
    """For all of the account's purposes, or for one of them. Raises LauncherError with what to do."""
    with httpx.Client(base_url=f"{address}/v1/", timeout=10, trust_env=False) as http:
        try:
            answer = http.post(f"auth/userpass/login/{login}", json={"password": password})
            if answer.is_error:
                raise LauncherError(f"{login} could not sign in: the account or its password is not known to the issuer.")
            http.headers["X-Vault-Token"] = answer.json()["auth"]["client_token"]
            token = http.get(f"identity/oidc/token/{role_for(purpose) if purpose else API_AUDIENCE}")
        except httpx.TransportError:
            raise LauncherError(f"The issuer at {address} does not answer: is Serment running? Start it with `make run`.") from None
    if token.is_error:
        raise LauncherError(f"{login} has no token for {purpose or 'any purpose'}: it is not one of the account's purposes.")
    return str(token.json()["data"]["token"])
