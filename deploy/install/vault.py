"""Makes keys, policies and logins in Vault or OpenBao."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from deploy.install.topology import AUDIT_SIGNING_KEY, SEALING_SERVICES, Principal, kek

_LOOKS_ITSELF_UP = 'path "auth/token/lookup-self" { capabilities = ["read"] }\n'


class Vault:
    """An administrator's session; what is there already is left as it is."""

    def __init__(self, address: str, token: str) -> None:
        self.http = httpx.Client(base_url=f"{address}/v1/", headers={"X-Vault-Token": token}, timeout=15, trust_env=False)

    def read(self, path: str) -> Any:
        """None when there is nothing."""
        answer = self.http.get(path)
        if answer.status_code in {400, 404}:
            return None
        return answer.raise_for_status().json()["data"]

    def write(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = self.http.post(path, json=dict(body))
        if answer.is_error:
            raise RuntimeError(f"Vault refused {path} with {answer.status_code}: {answer.text.strip()}")
        return answer.json()["data"] if answer.content else None

    def mount(self, kind: str, name: str, type_: str) -> None:
        """`kind` is `mounts` or `auth`."""
        if f"{name}/" not in self.read(f"sys/{kind}"):
            self.write(f"sys/{kind}/{name}", {"type": type_})


def install_vault(vault: Vault, *, principals: Sequence[Principal], sites: Sequence[str]) -> dict[str, str]:
    """Transit keys, and an AppRole per principal that needs Vault; answers the role ids. Key-encryption keys derive a key per row."""
    vault.mount("mounts", "transit", "transit")
    vault.mount("auth", "approle", "approle")
    for owner in (*sites, *SEALING_SERVICES):
        _make_key(vault, kek(owner), {"type": "aes256-gcm96", "derived": True})
    _make_key(vault, AUDIT_SIGNING_KEY, {"type": "ed25519"})
    role_ids = {}
    for principal in principals:
        if principal.vault:
            rules = "".join(f'path "{path}" {{ capabilities = {json.dumps(can.split())} }}\n' for path, can in principal.vault)
            vault.write(f"sys/policies/acl/{principal.name}", {"policy": _LOOKS_ITSELF_UP + rules})
            vault.write(
                f"auth/approle/role/{principal.name}", {"token_policies": [principal.name], "token_ttl": "1h", "token_max_ttl": "24h"}
            )
            role_ids[principal.name] = str(vault.read(f"auth/approle/role/{principal.name}/role-id")["role_id"])
    return role_ids


def new_secret_id(vault: Vault, name: str) -> str:
    return str(vault.write(f"auth/approle/role/{name}/secret-id", {})["secret_id"])


def audit_public_key(vault: Vault) -> str:
    """Base64 of the raw Ed25519 key that signs checkpoints."""
    found = vault.read(f"transit/keys/{AUDIT_SIGNING_KEY}")
    return str(found["keys"][str(found["latest_version"])]["public_key"])


def _make_key(vault: Vault, name: str, body: Mapping[str, Any]) -> None:
    if vault.read(f"transit/keys/{name}") is None:
        vault.write(f"transit/keys/{name}", body)
