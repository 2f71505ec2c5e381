"""Makes OpenBao the group's OIDC issuer on one machine: accounts, their claims, and who may ask for which token."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from deploy.install.vault import Vault
from deploy.local.sample.seed import Account, Seed
from deploy.local.tokens import API_AUDIENCE, role_for
from shared.vocabulary import Profession

PORTAL_CLIENT = "serment-portal"
_KEY = "serment"
_FIELDS = ("name", "profession", "site", "unit", "workstation", "practitioner", "patient", "purposes")


def install_identity(vault: Vault, seed: Seed, *, secret: Callable[[str], str], issuer: str, redirect_uri: str) -> str:
    """Answers the portal's client id. Passwords come from the home's secrets; running it again changes nothing."""
    vault.mount("auth", "userpass", "userpass")
    vault.write("identity/oidc/config", {"issuer": issuer})
    vault.write(
        f"identity/oidc/key/{_KEY}",
        {"algorithm": "ES256", "rotation_period": "24h", "verification_ttl": "48h", "allowed_client_ids": ["*"]},
    )
    accessor = vault.read("sys/auth")["userpass/"]["accessor"]
    purposes = sorted({purpose for account in seed.accounts for purpose in account.purposes})
    _make_roles(vault, purposes)
    for account in seed.accounts:
        _make_account(vault, account, secret(f"account-{account.login}"), accessor)
    return _make_provider(vault, issuer, redirect_uri)


def _claims(purposes: str) -> str:
    """The token's claims as a template of OpenBao; `purposes` is an expression or a JSON text."""
    metadata = {field: f"{{{{identity.entity.metadata.{field}}}}}" for field in _FIELDS}
    return f"""{{"extensions": {{
      "ihe_iua": {{"subject_name": {metadata["name"]}, "subject_role": {metadata["profession"]},
        "subject_organization_id": {metadata["site"]}, "purpose_of_use": {purposes}, "person_id": {metadata["patient"]} }},
      "serment": {{"unit": {metadata["unit"]}, "workstation": {metadata["workstation"]} }} }},
      "fhirUser": {metadata["practitioner"]}, "acr": "urn:serment:acr:password"}}"""


def _make_roles(vault: Vault, purposes: list[str]) -> None:
    """One role for all of a person's purposes, one more for each purpose alone; policies say who may use which."""
    every = "{{identity.entity.metadata.purposes}}"
    _make_role(vault, API_AUDIENCE, every)
    for purpose in purposes:
        _make_role(vault, role_for(purpose), json.dumps(purpose))
        vault.write(
            f"sys/policies/acl/token-{purpose}", {"policy": f'path "identity/oidc/token/{role_for(purpose)}" {{ capabilities = ["read"] }}'}
        )
    provider = 'path "identity/oidc/provider/serment/authorize" { capabilities = ["read", "update"] }'
    vault.write(
        "sys/policies/acl/person", {"policy": f'path "identity/oidc/token/{API_AUDIENCE}" {{ capabilities = ["read"] }}\n{provider}'}
    )


def _make_role(vault: Vault, name: str, purposes: str) -> None:
    template = base64.b64encode(_claims(purposes).encode()).decode()
    vault.write(f"identity/oidc/role/{name}", {"key": _KEY, "client_id": API_AUDIENCE, "ttl": "15m", "template": template})


def _make_account(vault: Vault, account: Account, password: str, accessor: str) -> None:
    policies = ["person", *(f"token-{purpose}" for purpose in account.purposes)]
    vault.write(f"auth/userpass/users/{account.login}", {"password": password, "token_policies": policies, "token_ttl": "8h"})
    known = vault.read(f"identity/entity/name/{account.login}")
    kept = (known or {}).get("metadata") or {}
    metadata = dict.fromkeys(_FIELDS, "") | kept | _metadata(account)
    vault.write(f"identity/entity/name/{account.login}", {"metadata": metadata})
    entity = vault.read(f"identity/entity/name/{account.login}")
    if not entity["aliases"]:
        vault.write("identity/entity-alias", {"name": account.login, "canonical_id": entity["id"], "mount_accessor": accessor})


def _metadata(account: Account) -> dict[str, str]:
    found = {"name": account.name, "profession": account.profession, "site": account.site, "purposes": " ".join(account.purposes)}
    return found | {name: value for name, value in (("unit", account.unit), ("workstation", account.workstation)) if value}


def tell_claims(vault: Vault, login: str, claims: Mapping[str, str]) -> None:
    """Facts known only after loading: a clinician's Practitioner, a patient's own id."""
    metadata: dict[str, Any] = vault.read(f"identity/entity/name/{login}")["metadata"]
    vault.write(f"identity/entity/name/{login}", {"metadata": metadata | dict(claims)})


def _make_provider(vault: Vault, issuer: str, redirect_uri: str) -> str:
    scope = base64.b64encode(_claims("{{identity.entity.metadata.purposes}}").encode()).decode()
    vault.write(
        "identity/oidc/scope/serment", {"template": scope, "description": "who acts, where, in which profession and for what purposes"}
    )
    client = {
        "redirect_uris": [redirect_uri],
        "assignments": ["allow_all"],
        "key": _KEY,
        "client_type": "public",
        "id_token_ttl": "15m",
        "access_token_ttl": "15m",
    }
    vault.write(f"identity/oidc/client/{PORTAL_CLIENT}", client)
    client_id = str(vault.read(f"identity/oidc/client/{PORTAL_CLIENT}")["client_id"])
    vault.write("identity/oidc/provider/serment", {"allowed_client_ids": [client_id], "scopes_supported": ["serment"], "issuer": issuer})
    return client_id


def staff_of(vault: Vault, seed: Seed) -> list[dict[str, Any]]:
    """Everybody who works here, by the id that their tokens carry; patients and interfaces are not staff."""
    found = []
    for account in seed.accounts:
        if account.profession not in {Profession.PATIENT, Profession.INTEGRATION}:
            ident = vault.read(f"identity/entity/name/{account.login}")["id"]
            known = {name: getattr(account, name) for name in ("login", "name", "profession", "site", "unit")}
            found.append({"id": ident, **known, "mail": f"{account.login}@demo.invalid"})
    return found


def issuers(address: str, portal_client: str) -> list[dict[str, Any]]:
    """What services are told to trust: the issuer of API tokens, and the one of the portal's sign-in; the keys are the same."""
    base = f"{address}/v1/identity/oidc"
    keys = f"{base}/.well-known/keys"
    return [
        {"issuer": base, "jwks_uri": keys, "audiences": [API_AUDIENCE]},
        {"issuer": f"{base}/provider/serment", "jwks_uri": keys, "audiences": [portal_client]},
    ]
