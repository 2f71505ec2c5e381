"""Makes tokens that the site must not take: forged ones by keys of our own, genuine but incomplete ones by roles of our own in OpenBao."""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from joserfc import jws
from joserfc.jwk import ECKey

from deploy.local.stack import Stack

LOGIN = "test.incomplete"
KEY = "serment"


@dataclass(frozen=True)
class Mint:
    """Genuine tokens of one made-up clinician, whose claims a test chooses."""

    stack: Stack

    def prepare(self) -> None:
        """An account whose roles are named after what their tokens lack."""
        vault, password = self.stack.launch.vault, self.stack.home.secret(f"account-{LOGIN}")
        vault.write("sys/policies/acl/test-roles", {"policy": 'path "identity/oidc/token/test-*" { capabilities = ["read"] }'})
        vault.write(f"auth/userpass/users/{LOGIN}", {"password": password, "token_policies": ["test-roles"]})

    def role(self, name: str, claims: Mapping[str, Any], *, audience: str = "serment-api", ttl: str = "15m") -> None:
        template = base64.b64encode(json.dumps(claims, indent=1).encode()).decode()  # two braces in a row would be OpenBao's
        body = {"key": KEY, "client_id": audience, "ttl": ttl, "template": template}
        self.stack.launch.vault.write(f"identity/oidc/role/test-{name}", body)

    def token(self, name: str) -> str:
        password = self.stack.home.secret(f"account-{LOGIN}")
        with httpx.Client(base_url=f"{self.stack.servers.openbao.address}/v1/", timeout=10, trust_env=False) as http:
            signed_in = http.post(f"auth/userpass/login/{LOGIN}", json={"password": password}).raise_for_status().json()
            http.headers["X-Vault-Token"] = signed_in["auth"]["client_token"]
            return str(http.get(f"identity/oidc/token/test-{name}").raise_for_status().json()["data"]["token"])

    def public_key(self) -> dict[str, Any]:
        """The issuer's, as everybody can fetch it."""
        url = f"{self.stack.servers.openbao.address}/v1/identity/oidc/.well-known/keys"
        return dict(httpx.get(url, trust_env=False).raise_for_status().json()["keys"][-1])


def claims_of(**instead: Any) -> dict[str, Any]:
    """A clinician's, as the issuer's template writes them; None leaves one out."""
    facts = {"subject_name": "Dr Test", "subject_role": "clinician", "subject_organization_id": "nord", "purpose_of_use": "TREAT"} | instead
    return {"extensions": {"ihe_iua": {name: value for name, value in facts.items() if value is not None}}}


def decoded(token: str, part: int) -> dict[str, Any]:
    raw = token.split(".")[part]
    return dict(json.loads(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4))))


def forged(genuine: str, public_key: Mapping[str, Any], *, canary: str = "") -> dict[str, str]:
    """Every forgery of a genuine token that we know of, by name; `canary` stands in claims and headers that nobody should repeat."""
    header, claims = decoded(genuine, 0), decoded(genuine, 1) | ({"name": canary, "sub": canary} if canary else {})
    ours = ECKey.generate_key("P-256", {"kid": header["kid"]})
    pem = ECKey.import_key(dict(public_key)).as_pem(private=False)
    as_secrets = {"hs256-pem": pem, "hs256-jwk": json.dumps(dict(public_key)).encode()}
    head, _claims, signature = genuine.split(".")
    return {
        "own key": _signed(header, claims, ours),
        "own key in the header": _signed(header | {"jwk": ours.as_dict(private=False)}, claims, ours),
        "own key by address": _signed(header | {"jku": f"https://{canary or 'elsewhere'}.example/keys"}, claims, ours),
        "other issuer": _signed(header, claims | {"iss": f"https://{canary or 'elsewhere'}.example"}, ours),
        "expired": _signed(header, claims | {"exp": int(time.time()) - 60}, ours),  # noqa: TID251 - `exp` is wall-clock time
        "unsigned": f"{_encoded({'alg': 'none'})}.{_encoded(claims)}.",
        "unsigned with the key's name": f"{_encoded(header | {'alg': 'None'})}.{_encoded(claims)}.{signature}",
        **{name: _symmetric(header, claims, secret) for name, secret in as_secrets.items()},
        "other claims": f"{head}.{_encoded(claims | {'extensions': {}})}.{signature}",
        "critical header": f"{_encoded(header | {'crit': ['b64'], 'b64': False})}.{_encoded(claims)}.{signature}",
        "no key id": _signed({"alg": "ES256"}, claims, ours),
        "key id that is no text": f"{_encoded(header | {'kid': [canary]})}.{_encoded(claims)}.{signature}",
        "deep header": f"{_b64(b'[' * 3000 + b']' * 3000)}.{_encoded(claims)}.{signature}",
        "deep claims": f"{head}.{_b64(b'[' * 2500)}.{signature}",
        "too long": genuine + "A" * 9000,
        "no token": canary or "x",
        "half a token": genuine[: len(genuine) // 2],
    }


def _signed(header: dict[str, Any], claims: dict[str, Any], key: ECKey) -> str:
    return jws.serialize_compact(header, json.dumps(claims).encode(), key, algorithms=["ES256"])


def _symmetric(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    import hashlib
    import hmac

    signed = f"{_encoded(header | {'alg': 'HS256'})}.{_encoded(claims)}"
    return f"{signed}.{_b64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def _encoded(part: Mapping[str, Any]) -> str:
    return _b64(json.dumps(dict(part)).encode())


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
