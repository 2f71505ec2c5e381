"""Runs OpenBao on its own storage, sealed by a key file, and keeps a login for the installer that cannot open what is sealed."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from deploy.local.child import Program
from deploy.local.children import Children
from deploy.local.home import Home
from deploy.local.launcher_error import LauncherError
from deploy.local.ports import LOOPBACK, Ports
from deploy.local.tools import Tools

READY_WITHIN = 60.0
INSTALLER = "openbao/installer.json"
SEAL_KEY = "openbao/seal.key"
INSTALLER_POLICY = "".join(
    f'path "{path}" {{ capabilities = {json.dumps(capabilities.split())} }}\n'
    for path, capabilities in {
        "sys/policies/*": "create read update delete list",
        "sys/auth": "read",
        "sys/auth/*": "create read update delete sudo",
        "sys/mounts": "read",
        "sys/mounts/*": "create read update delete",
        "auth/*": "create read update delete list sudo",
        "identity/*": "create read update delete list",
        "transit/keys": "list",
        "transit/keys/*": "create read update list",
        "transit/decrypt/*": "deny",
        "transit/datakey/*": "deny",
    }.items()
)


@dataclass(frozen=True, slots=True)
class OpenBao:
    address: str
    home: Home

    def installer_login(self) -> str:
        """A token of one hour for the installer; its role and secret stay in the home."""
        with httpx.Client(base_url=self.address, timeout=10, trust_env=False) as http:
            role = json.loads((self.home.path / INSTALLER).read_text())
            return str(_call(http, "auth/installer/login", role)["auth"]["client_token"])


def start_openbao(home: Home, ports: Ports, children: Children, tools: Tools) -> OpenBao:
    home.folder("openbao", "raft")
    if not (home.path / SEAL_KEY).exists():
        home.write(SEAL_KEY, os.urandom(32))
    settings = home.write("openbao/config.hcl", _settings(home, ports))
    child = children.start(Program("openbao", [str(tools.bao), "server", f"-config={settings}"], log=home.log("openbao")))
    with httpx.Client(base_url=ports.url("openbao"), timeout=10, trust_env=False) as http:
        child.until(lambda: _health(http) is not None, within=READY_WITHIN)
        root = _initialise(http) if not (home.path / INSTALLER).exists() else None
        child.until(lambda: _health(http) == httpx.codes.OK, within=READY_WITHIN)
        if root:
            _make_installer(http, home, root)
    return OpenBao(ports.url("openbao"), home)


def _settings(home: Home, ports: Ports) -> str:
    folder = home.folder("openbao")
    return f"""
ui = false
log_level = "warn"
api_addr = "{ports.url("openbao")}"
cluster_addr = "https://{LOOPBACK}:{ports["openbao-cluster"]}"
storage "raft" {{
  path = "{folder / "raft"}"
  node_id = "one"
  performance_multiplier = 1
}}
listener "tcp" {{
  address = "{LOOPBACK}:{ports["openbao"]}"
  cluster_address = "{LOOPBACK}:{ports["openbao-cluster"]}"
  tls_disable = true
}}
seal "static" {{
  current_key_id = "one"
  current_key = "file://{home.path / SEAL_KEY}"
}}
audit "file" "main" {{
  options {{
    file_path = "{folder / "audit.log"}"
    mode = "0600"
  }}
}}
"""


def _health(http: httpx.Client) -> int | None:
    try:
        return http.get("/v1/sys/health").status_code
    except httpx.TransportError:
        return None


def _initialise(http: httpx.Client) -> str:
    """The root token, used once. The recovery key is let go: whoever holds the home holds the seal's key and the installer's login."""
    answer = http.put("/v1/sys/init", json={"recovery_shares": 1, "recovery_threshold": 1})
    if answer.is_error:
        raise LauncherError(f"OpenBao was initialised before, but not by this home: {answer.text.strip()}")
    return str(answer.json()["root_token"])


def _make_installer(http: httpx.Client, home: Home, root: str) -> None:
    """Written down before the root token is revoked, so that there is always one way in."""
    http.headers["X-Vault-Token"] = root
    _call(http, "sys/policies/acl/installer", {"policy": INSTALLER_POLICY})
    _call(http, "sys/auth/installer", {"type": "approle", "description": "the installer's own way in"})
    _call(http, "auth/installer/role/installer", {"token_policies": ["installer"], "token_ttl": "1h", "token_max_ttl": "4h"})
    role = http.get("/v1/auth/installer/role/installer/role-id").json()["data"]["role_id"]
    secret = _call(http, "auth/installer/role/installer/secret-id", {})["data"]["secret_id"]
    home.write(INSTALLER, json.dumps({"role_id": role, "secret_id": secret}))
    _call(http, "auth/token/revoke-self", {})


def _call(http: httpx.Client, path: str, body: Mapping[str, object]) -> Any:
    answer = http.post(f"/v1/{path}", json=body)
    if answer.is_error:
        raise LauncherError(f"OpenBao refused {path} with {answer.status_code}: {answer.text.strip()}")
    return answer.json() if answer.content else None
