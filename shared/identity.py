"""Verifies a bearer token once, and knows who it is until it expires, sixty seconds at most."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import aiohttp
import orjson
import structlog
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.errors import AnticipatedError, Sentence
from shared.settings import IssuerSettings
from shared.vocabulary import PatientId, Profession

log = structlog.get_logger("serment.identity")
_REMEMBERED = 60.0
_CAPACITY = 10_000
_FRESH = 300.0
_COOLDOWN = 30.0
_LEEWAY = 30
_LARGEST_TOKEN = 8192
_LARGEST_JWKS = 256 * 1024

CLAIMS = {
    "actor": "sub",
    "name": "extensions.ihe_iua.subject_name",
    "profession": "extensions.ihe_iua.subject_role",
    "site": "extensions.ihe_iua.subject_organization_id",
    "purposes": "extensions.ihe_iua.purpose_of_use",
    "patient": "extensions.ihe_iua.person_id",
    "unit": "extensions.serment.unit",
    "workstation": "extensions.serment.workstation",
    "practitioner": "fhirUser",
    "strength": "acr",
}
"""Where each fact about the actor stands in a token (IHE IUA and SMART names); an issuer's `claims` setting moves single ones."""


class TokenRefusedError(AnticipatedError):
    """No token, or one that is not valid here."""

    slug: ClassVar[str] = "token-refused"
    status: ClassVar[int] = 401
    fhir_code: ClassVar[str] = "login"
    sentence: ClassVar[Sentence] = Sentence(
        "Sign in again: the access token is missing, expired or not valid here.",
        "Reconnectez-vous : le jeton d’accès est absent, expiré ou n’est pas valable ici.",
    )

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


class TokenIncompleteError(AnticipatedError):
    """The token is genuine and does not say for what purpose, at which site or in which profession its bearer acts."""

    slug: ClassVar[str] = "token-incomplete"
    status: ClassVar[int] = 403
    fhir_code: ClassVar[str] = "forbidden"
    sentence: ClassVar[Sentence] = Sentence(
        "The access token must name one site, one profession and at least one purpose of use. Sign in and choose them.",
        "Le jeton d’accès doit nommer un site, une profession et au moins un motif d’utilisation. Connectez-vous et choisissez-les.",
    )

    def __init__(self, subject: str) -> None:
        super().__init__()
        self.subject = subject


class IssuerUnreachableError(AnticipatedError):
    """The issuer's keys were never fetched, so no token can be verified."""

    slug: ClassVar[str] = "issuer-unreachable"
    status: ClassVar[int] = 503
    fhir_code: ClassVar[str] = "transient"
    sentence: ClassVar[Sentence] = Sentence(
        "The sign-in service cannot be reached. Try again in a moment.",
        "Le service de connexion est injoignable. Réessayez dans un instant.",
    )


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, as their token says. `token` is a digest by which one sign-in can be followed; it opens nothing.

    `workstation` is where they signed in, by an id of their site's; empty when the issuer does not know.
    """

    ident: str
    name: str
    profession: Profession
    site: str
    unit: str
    purposes: frozenset[str]
    practitioner: str
    patient: PatientId | None
    strength: str
    token: str
    expires: float
    workstation: str = ""


class PurposeNotHeldError(AnticipatedError):
    """The asked purpose is not in the token, or the token has several and none was chosen."""

    slug: ClassVar[str] = "purpose-not-held"
    status: ClassVar[int] = 403
    fhir_code: ClassVar[str] = "forbidden"
    sentence: ClassVar[Sentence] = Sentence(
        "Choose one of your token's purposes of use in the X-Purpose-Of-Use header.",
        "Choisissez l’un des motifs d’utilisation de votre jeton dans l’en-tête X-Purpose-Of-Use.",
    )

    def __init__(self, actor: Actor) -> None:
        super().__init__()
        self.actor = actor


class IssuerKeys:
    """The public keys of one issuer: fetched every five minutes, once more for an unknown key id (30 s apart), the last good set kept."""

    def __init__(self, settings: IssuerSettings) -> None:
        self.settings = settings
        self._keys: KeySet | None = None
        self._ids: frozenset[str] = frozenset()
        self._asked = float("-inf")
        self._fetching = asyncio.Lock()

    async def having(self, key_id: str | None) -> KeySet:
        """Raises IssuerUnreachableError when none was ever fetched."""
        unknown = self._keys is None or key_id not in self._ids
        if self._age() > _FRESH or (unknown and (self._fetching.locked() or self._age() > _COOLDOWN or self._keys is None)):
            async with self._fetching:
                await self._fetch(key_id)
        if self._keys is None:
            raise IssuerUnreachableError
        return self._keys

    def _age(self) -> float:
        return time.monotonic() - self._asked

    async def _fetch(self, key_id: str | None) -> None:
        """Whoever waited for somebody else's fetch finds it recent, and asks no second time."""
        if self._age() < (_COOLDOWN if self._keys else 1) or (key_id in self._ids and self._age() < _FRESH):
            return
        self._asked = time.monotonic()
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
                session.get(self.settings.jwks_uri) as answer,
            ):
                answer.raise_for_status()
                found = orjson.loads(await _bounded(answer))
            self._keys = KeySet.import_key_set(found)
            self._ids = frozenset(str(key["kid"]) for key in found["keys"])
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError, JoseError) as error:
            log.warning("identity.keys-not-fetched", error=type(error).__name__)


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    """The whole body, or a ValueError when it is larger than any key set."""
    body = b""
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > _LARGEST_JWKS:
            raise ValueError("the key set is too large")
    return body


class Identities:
    """Known tokens by their hash; a bounded memory, so that verification is paid once a minute and not once a read."""

    def __init__(self, issuers: list[IssuerSettings]) -> None:
        self._issuers = {settings.issuer: IssuerKeys(settings) for settings in issuers}
        self._known: OrderedDict[bytes, tuple[Actor, float]] = OrderedDict()

    def remembered(self, token: bytes) -> Actor | None:
        """The actor of a token verified less than a minute ago and not expired."""
        known = self._known.get(hashlib.sha256(token).digest())
        return known[0] if known is not None and known[1] > time.time() else None  # noqa: TID251 - `exp` is wall-clock time

    async def verify(self, token: bytes) -> Actor:
        """Raises TokenRefusedError, TokenIncompleteError or IssuerUnreachableError."""
        actor = self.remembered(token)
        if actor is None:
            actor = _actor_of(*(await self._verified(token)), token=token)
            self._known[hashlib.sha256(token).digest()] = (actor, min(actor.expires, time.time() + _REMEMBERED))  # noqa: TID251
            if len(self._known) > _CAPACITY:
                self._known.popitem(last=False)
        return actor

    async def _verified(self, token: bytes) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        if not token or len(token) > _LARGEST_TOKEN:
            raise TokenRefusedError
        try:
            header, issuer = _unverified(token)
            keys = self._issuers[issuer]
            settings = keys.settings
            if {"jku", "jwk", "x5u", "x5c", "crit"} & header.keys():
                raise TokenRefusedError
            decoded = jwt.decode(token.decode("ascii"), await keys.having(header.get("kid")), algorithms=list(settings.algorithms))
            registry = jwt.JWTClaimsRegistry(
                leeway=_LEEWAY, iss={"essential": True, "value": issuer}, exp={"essential": True}, iat={"essential": True}
            )
            registry.validate(decoded.claims)
            if not settings.audiences & set(_texts(decoded.claims.get("aud"))):
                raise TokenRefusedError
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise TokenRefusedError from error
        return decoded.claims, CLAIMS | settings.claims


def _unverified(token: bytes) -> tuple[dict[str, Any], str]:
    """The header and the issuer's name, only to choose the keys; nothing is believed before the signature holds."""
    compact = jws.extract_compact(token)
    return dict(compact.headers()), str(orjson.loads(compact.payload)["iss"])


def _actor_of(claims: Mapping[str, Any], places: Mapping[str, str], *, token: bytes) -> Actor:
    facts = {name: _at(claims, path) for name, path in places.items()}
    purposes = frozenset(_texts(facts["purposes"]))
    site = next(iter(_texts(facts["site"])), "")
    profession = next((text for text in _texts(facts["profession"]) if text in set(Profession)), None)
    if not facts["actor"]:
        raise TokenRefusedError
    if not purposes or not site or profession is None:
        raise TokenIncompleteError(str(facts["actor"]))
    patient = next(iter(_texts(facts["patient"])), None)
    return Actor(
        ident=str(facts["actor"]),
        name=str(facts["name"] or ""),
        profession=Profession(profession),
        site=site,
        unit=str(facts["unit"] or ""),
        purposes=purposes,
        practitioner=str(facts["practitioner"] or ""),
        patient=PatientId(patient) if patient else None,
        strength=str(facts["strength"] or ""),
        token=hashlib.sha256(token).hexdigest()[:32],
        expires=float(claims["exp"]),
        workstation=str(facts["workstation"] or ""),
    )


def _at(claims: Mapping[str, Any], path: str) -> Any:
    found: Any = claims
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _texts(found: Any) -> list[str]:
    """A claim as a list of codes: one string with spaces between, a list of strings, or a list of Codings, whatever the issuer writes."""
    if isinstance(found, str):
        return found.split()
    if isinstance(found, Mapping):
        return _texts(found.get("code"))
    if isinstance(found, list):
        return [text for item in found for text in _texts(item)]
    return []


def bearer(authorization: str | bytes | None) -> bytes:
    """The token of an Authorization header. Raises TokenRefusedError."""
    raw = authorization.encode("latin-1") if isinstance(authorization, str) else authorization or b""
    scheme, _, token = raw.partition(b" ")
    if scheme.lower() != b"bearer" or not token.strip():
        raise TokenRefusedError
    return token.strip()


def purpose_of(actor: Actor, asked: str | None) -> str:
    """The one purpose of this request: the header may only choose among the token's own; it may stay away when there is just one.

    Raises PurposeNotHeldError.
    """
    if asked:
        if asked in actor.purposes:
            return asked
        raise PurposeNotHeldError(actor)
    if len(actor.purposes) == 1:
        return next(iter(actor.purposes))
    raise PurposeNotHeldError(actor)
