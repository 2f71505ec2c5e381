"""Proves who is let in by a token: the real issuer's people, and nobody who bends header, signature or claims."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from structlog.testing import capture_logs

from deploy.local.stack import Stack
from deploy.local.tokens import get_token
from shared.identity import (
    Actor,
    Identities,
    IssuerUnreachableError,
    PurposeNotHeldError,
    TokenIncompleteError,
    TokenRefusedError,
    bearer,
    purpose_of,
)
from shared.settings import IssuerSettings
from tests.shared.proxies import serving

AUDIENCE = "serment-api"


def a_signing_key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "alg": "ES256", "use": "sig"})


@dataclass
class Issuer:
    """An OIDC issuer of the test's own: what it publishes can change, and how often it is asked is counted."""

    key: ECKey = field(default_factory=lambda: a_signing_key("k1"))
    address: str = ""
    published: list[ECKey] = field(default_factory=list)
    fetches: int = 0
    status: int = 200
    pause: float = 0.0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.fetches += 1
        body = json.dumps({"keys": [key.as_dict(private=False) for key in self.published or [self.key]]}).encode()
        answer = web.StreamResponse(status=self.status)
        await answer.prepare(request)
        await answer.write(body[:100])
        await asyncio.sleep(self.pause)
        await answer.write(body[100:])
        return answer

    def settings(self, **more: Any) -> IssuerSettings:
        return IssuerSettings(issuer=self.address, jwks_uri=f"{self.address}/keys", audiences=frozenset({AUDIENCE, "other"}), **more)

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Those of a clinician; a change to None leaves the claim out."""
        now = int(time.time())  # noqa: TID251 - `exp` is wall-clock time
        iua = {"subject_name": "A. Martin", "subject_role": "clinician", "subject_organization_id": "nord", "purpose_of_use": "TREAT"}
        whole = {"iss": self.address, "aud": AUDIENCE, "sub": "a.martin", "iat": now, "exp": now + 900}
        iua |= {name: changed.pop(name) for name in list(changed) if name in iua}
        whole |= {"extensions": {"ihe_iua": {name: value for name, value in iua.items() if value is not None}}} | changed
        return {name: value for name, value in whole.items() if value is not None}

    def token(self, *, key: ECKey | None = None, header: dict[str, Any] | None = None, **changed: Any) -> bytes:
        signing = key or self.key
        protected = {"alg": "ES256", "kid": signing.kid} | (header or {})
        return jwt.encode({k: v for k, v in protected.items() if v is not None}, self.claims(**changed), signing).encode()

    def unsigned(self, header: dict[str, Any], signature: bytes = b"", **changed: Any) -> bytes:
        return b".".join([*(_b64url(json.dumps(part).encode()) for part in (header, self.claims(**changed))), _b64url(signature)])


def _b64url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


@asynccontextmanager
async def open_issuer() -> AsyncIterator[Issuer]:
    issuer = Issuer()
    async with serving(issuer.handle) as address:
        issuer.address = address
        yield issuer


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with open_issuer() as opened:
        yield opened


def knowing(*issuers: Issuer) -> Identities:
    return Identities([issuer.settings() for issuer in issuers])


def grow_old(identities: Identities, seconds: float) -> None:
    """As if the keys had been asked for so long ago."""
    for keys in identities._issuers.values():
        keys._asked -= seconds


class TestVerify:
    @pytest.mark.parametrize(("login", "profession"), [("a.martin", "clinician"), ("integration.nord", "integration")])
    async def test_knows_the_people_of_the_real_issuer(self, stack: Stack, login: str, profession: str) -> None:
        identities = Identities([IssuerSettings.model_validate(one) for one in stack.launch.installation.issuers])
        token = get_token(stack.servers.openbao.address, login, stack.home.secret(f"account-{login}"))

        actor = await identities.verify(token.encode())

        assert (actor.profession, actor.site) == (profession, "nord")
        assert actor.ident
        assert actor.purposes

    async def test_says_what_the_token_says(self, issuer: Issuer) -> None:
        actor = await knowing(issuer).verify(issuer.token())

        assert (actor.ident, actor.name, actor.profession, actor.site) == ("a.martin", "A. Martin", "clinician", "nord")
        assert actor.patient is None
        assert len(actor.token) == 32

    @pytest.mark.parametrize(
        ("written", "read"),
        [
            ("TREAT", {"TREAT"}),
            ("TREAT HCOMPL", {"TREAT", "HCOMPL"}),
            (["TREAT", "HCOMPL"], {"TREAT", "HCOMPL"}),
            ([{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}], {"TREAT"}),
            ({"code": "TREAT"}, {"TREAT"}),
            ([{"code": "TREAT"}, "HCOMPL PATADMIN"], {"TREAT", "HCOMPL", "PATADMIN"}),
        ],
    )
    async def test_reads_purposes_however_they_are_written(self, issuer: Issuer, written: Any, read: set[str]) -> None:
        assert (await knowing(issuer).verify(issuer.token(purpose_of_use=written))).purposes == read

    @pytest.mark.parametrize("aud", [AUDIENCE, ["someone", "other"]])
    async def test_accepts_one_audience_among_several(self, issuer: Issuer, aud: Any) -> None:
        assert (await knowing(issuer).verify(issuer.token(aud=aud))).ident == "a.martin"

    async def test_finds_claims_where_the_settings_say(self, issuer: Issuer) -> None:
        identities = Identities([issuer.settings(claims={"site": "org.site"})])

        assert (await identities.verify(issuer.token(org={"site": "sud"}))).site == "sud"

    @pytest.mark.parametrize(
        "changed",
        [
            {"exp": None},
            {"exp": "tomorrow"},
            {"iat": None},
            {"aud": "someone-else"},
            {"aud": None},
            {"aud": []},
            {"iss": "http://another.issuer"},
            {"iss": None},
            {"iss": ["a", "list"]},
        ],
        ids=str,
    )
    async def test_refuses_claims_that_are_not_valid_here(self, issuer: Issuer, changed: dict[str, Any]) -> None:
        with pytest.raises(TokenRefusedError):
            await knowing(issuer).verify(issuer.token(**changed))

    @pytest.mark.parametrize(("claim", "seconds"), [("exp", -60), ("iat", 600), ("nbf", 600)])
    async def test_refuses_a_token_whose_time_is_not_now(self, issuer: Issuer, claim: str, seconds: int) -> None:
        """Reckoned when the test runs: a suite may last longer than a token."""
        with pytest.raises(TokenRefusedError):
            await knowing(issuer).verify(issuer.token(**{claim: int(time.time()) + seconds}))  # noqa: TID251

    @pytest.mark.parametrize("header", [{"jku": "http://evil/keys"}, {"x5u": "http://evil/cert"}, {"x5c": ["MII"]}], ids=str)
    async def test_refuses_a_header_that_names_its_own_keys(self, issuer: Issuer, header: dict[str, Any]) -> None:
        with pytest.raises(TokenRefusedError):
            await knowing(issuer).verify(issuer.token(header=header))

    async def test_refuses_a_key_that_the_token_brings_itself(self, issuer: Issuer) -> None:
        mine = a_signing_key("k1")

        for header in ({"jwk": mine.as_dict(private=False)}, {}):
            with pytest.raises(TokenRefusedError):
                await knowing(issuer).verify(issuer.token(key=mine, header=header))

    @pytest.mark.parametrize("alg", ["none", "None", "NONE", "", None])
    async def test_refuses_an_unsigned_token(self, issuer: Issuer, alg: str | None) -> None:
        for token in (issuer.unsigned({"alg": alg, "kid": "k1"}), issuer.unsigned({"alg": alg}), issuer.unsigned({})):
            with pytest.raises(TokenRefusedError):
                await knowing(issuer).verify(token)

    @pytest.mark.parametrize("form", ["pem", "der", "json"])
    async def test_refuses_the_public_key_as_a_shared_secret(self, issuer: Issuer, form: str) -> None:
        public = {
            "pem": issuer.key.as_pem(private=False),
            "der": issuer.key.as_der(private=False),
            "json": json.dumps(issuer.key.as_dict(private=False)).encode(),
        }[form]
        signed = issuer.unsigned({"alg": "HS256", "kid": "k1"}).rpartition(b".")[0]

        with pytest.raises(TokenRefusedError):
            await knowing(issuer).verify(signed + b"." + _b64url(hmac.digest(public, signed, "sha256")))

    async def test_refuses_an_algorithm_that_its_issuer_does_not_use(self, issuer: Issuer) -> None:
        rsa = RSAKey.generate_key(2048, {"kid": "rsa"})
        issuer.published = [issuer.key, rsa]  # type: ignore[list-item]

        with pytest.raises(TokenRefusedError):
            await knowing(issuer).verify(jwt.encode({"alg": "RS256", "kid": "rsa"}, issuer.claims(), rsa).encode())

    async def test_refuses_one_issuers_name_under_anothers_key(self, issuer: Issuer) -> None:
        async with open_issuer() as other:
            with pytest.raises(TokenRefusedError):
                await knowing(issuer, other).verify(issuer.token(iss=other.address))

    async def test_refuses_a_changed_payload_or_signature(self, issuer: Issuer) -> None:
        header, payload, signature = issuer.token().split(b".")
        grander = _b64url(json.dumps(issuer.claims(purpose_of_use="HCOMPL")).encode())

        for token in (b".".join([header, grander, signature]), b".".join([header, payload, signature[:-8] + b"AAAAAAAA"])):
            with pytest.raises(TokenRefusedError):
                await knowing(issuer).verify(token)

    @pytest.mark.parametrize("token", [b"", b"x", b"a.b.c", b"\xff.\xff.\xff", b"..", b"e30.W10.", b"A" * 9000, b"e30.e30.e30.e30.e30"])
    async def test_refuses_what_is_no_token_without_asking_anybody(self, issuer: Issuer, token: bytes) -> None:
        with pytest.raises(TokenRefusedError):
            await knowing(issuer).verify(token)

        assert issuer.fetches == 0

    async def test_refuses_a_genuine_token_that_is_too_large_without_asking_anybody(self, issuer: Issuer) -> None:
        with pytest.raises(TokenRefusedError):
            await knowing(issuer).verify(issuer.token(padding="x" * 9000))

        assert issuer.fetches == 0

    @pytest.mark.parametrize(
        "missing",
        [
            {"purpose_of_use": None},
            {"purpose_of_use": ""},
            {"purpose_of_use": []},
            {"subject_organization_id": None},
            {"subject_role": None},
            {"subject_role": "janitor"},
            {"extensions": None},
            {"extensions": "text"},
        ],
        ids=str,
    )
    async def test_says_what_a_genuine_token_lacks(self, issuer: Issuer, missing: dict[str, Any]) -> None:
        with pytest.raises(TokenIncompleteError) as incomplete:
            await knowing(issuer).verify(issuer.token(**missing))

        assert incomplete.value.subject == "a.martin"

    async def test_lets_nobody_in_who_has_no_name(self, issuer: Issuer) -> None:
        with pytest.raises((TokenRefusedError, TokenIncompleteError)):
            await knowing(issuer).verify(issuer.token(sub=None))

    async def test_repeats_no_token_in_logs_and_errors(self, issuer: Issuer) -> None:
        token = issuer.token(aud="someone-else")
        with capture_logs() as logged, pytest.raises(TokenRefusedError) as refused:
            await knowing(issuer).verify(token)

        assert token.decode() not in f"{logged} {refused.value!r} {refused.value.said()}"


class TestMemory:
    async def test_verifies_a_token_once(self, issuer: Issuer) -> None:
        identities, token = knowing(issuer), issuer.token()

        first = await identities.verify(token)

        assert await identities.verify(token) is first
        assert identities.remembered(token) is first
        assert identities.remembered(issuer.token(sub="b.durand")) is None

    @pytest.mark.parametrize(("lives", "remembered"), [(900, 60), (20, 20)])
    async def test_lasts_sixty_seconds_and_no_longer_than_the_token(self, issuer: Issuer, lives: int, remembered: int) -> None:
        identities = knowing(issuer)
        await identities.verify(issuer.token(exp=int(time.time()) + lives))  # noqa: TID251

        ((_, until),) = identities._known.values()
        assert remembered - 2 < until - time.time() <= remembered  # noqa: TID251

    async def test_ends_with_the_token(self, issuer: Issuer) -> None:
        """Thirty seconds of leeway are for clocks that differ; memory has none."""
        identities, token = knowing(issuer), issuer.token(exp=int(time.time()) - 28)  # noqa: TID251
        await identities.verify(token)
        assert identities.remembered(token) is None
        await asyncio.sleep(3.1)

        with pytest.raises(TokenRefusedError):
            await identities.verify(token)

    async def test_is_bounded(self, issuer: Issuer) -> None:
        identities = knowing(issuer)
        actor = await identities.verify(issuer.token())
        for number in range(9_999):
            identities._known[b"%d" % number] = (actor, 0.0)

        for number in range(5):
            await identities.verify(issuer.token(sub=f"person-{number}"))

        assert len(identities._known) == 10_000

    async def test_keeps_no_token(self, issuer: Issuer) -> None:
        identities, token = knowing(issuer), issuer.token()
        await identities.verify(token)

        assert token.decode() not in repr(identities._known)
        assert token.rpartition(b".")[2].decode() not in repr(identities._known)


class TestIssuerKeys:
    async def test_are_fetched_once_for_many_at_once(self, issuer: Issuer) -> None:
        identities = knowing(issuer)

        await asyncio.gather(*(identities.verify(issuer.token(sub=f"person-{number}")) for number in range(20)))

        assert issuer.fetches == 1

    async def test_are_fetched_once_more_for_a_key_that_is_new(self, issuer: Issuer) -> None:
        identities = knowing(issuer)
        await identities.verify(issuer.token())
        following = a_signing_key("k2")
        issuer.published = [issuer.key, following]
        grow_old(identities, 31)

        found = await asyncio.gather(*(identities.verify(issuer.token(key=following, sub=f"p{n}")) for n in range(20)))

        assert len(found) == 20
        assert issuer.fetches == 2

    async def test_are_not_fetched_for_a_next_key_that_is_published_already(self, issuer: Issuer) -> None:
        following = a_signing_key("k2")
        issuer.published = [issuer.key, following]
        identities = knowing(issuer)

        for key in (issuer.key, following):
            await identities.verify(issuer.token(key=key))

        assert issuer.fetches == 1

    async def test_are_fetched_twice_a_minute_at_most_for_keys_that_nobody_knows(self, issuer: Issuer) -> None:
        identities, stranger = knowing(issuer), a_signing_key("stranger")
        await identities.verify(issuer.token())
        issuer.fetches = 0

        for _ in range(2):
            tokens = [issuer.token(key=stranger, header={"kid": f"made-up-{number}"}) for number in range(30)]
            grow_old(identities, 31)
            outcomes = await asyncio.gather(*map(identities.verify, tokens), return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} == {TokenRefusedError}

        assert issuer.fetches <= 2

    async def test_are_not_fetched_for_an_unknown_key_within_thirty_seconds(self, issuer: Issuer) -> None:
        identities = knowing(issuer)
        await identities.verify(issuer.token())

        for _ in range(3):
            with pytest.raises(TokenRefusedError):
                await identities.verify(issuer.token(key=a_signing_key("stranger")))

        assert issuer.fetches == 1

    async def test_are_renewed_after_five_minutes_and_then_forget_what_was_withdrawn(self, issuer: Issuer) -> None:
        identities = knowing(issuer)
        await identities.verify(issuer.token())
        issuer.published = [a_signing_key("k2")]
        grow_old(identities, 301)

        with pytest.raises(TokenRefusedError):
            await identities.verify(issuer.token(sub="b.durand"))

    async def test_stay_known_while_the_issuer_is_down(self, issuer: Issuer) -> None:
        identities = knowing(issuer)
        await identities.verify(issuer.token())
        issuer.status = 500
        grow_old(identities, 301)

        assert (await identities.verify(issuer.token(sub="b.durand"))).ident == "b.durand"

    async def test_that_were_never_fetched_let_nobody_in(self, issuer: Issuer) -> None:
        issuer.status = 500
        identities = knowing(issuer)

        for _ in range(3):
            with pytest.raises(IssuerUnreachableError):
                await identities.verify(issuer.token())
        assert issuer.fetches == 1

    async def test_may_arrive_in_pieces(self, issuer: Issuer) -> None:
        issuer.pause = 0.1

        assert (await knowing(issuer).verify(issuer.token())).ident == "a.martin"


class TestWorkstation:
    @pytest.mark.parametrize(("said", "known"), [({}, ""), ({"serment": {"workstation": "urgences-3"}}, "urgences-3")])
    async def test_is_known_when_the_issuer_says_it(self, issuer: Issuer, said: dict[str, Any], known: str) -> None:
        token = issuer.token(**said)
        identities = Identities([issuer.settings(claims={"workstation": "serment.workstation"})])

        assert (await identities.verify(token)).workstation == known


class TestBearer:
    @pytest.mark.parametrize("header", ["Bearer abc", b"bearer abc", "BEARER  abc "])
    def test_takes_the_token(self, header: str | bytes) -> None:
        assert bearer(header) == b"abc"

    @pytest.mark.parametrize("header", [None, "", "abc", "Basic abc", "Bearer", "Bearer  "])
    def test_refuses_what_is_none(self, header: str | None) -> None:
        with pytest.raises(TokenRefusedError):
            bearer(header)


class TestPurposeOf:
    def an_actor(self, *purposes: str) -> Actor:
        return Actor("a", "A", "clinician", "nord", "", frozenset(purposes), "", None, "", "t", 0.0)  # type: ignore[arg-type]

    def test_is_the_one_that_was_chosen(self) -> None:
        assert purpose_of(self.an_actor("TREAT", "HCOMPL"), "HCOMPL") == "HCOMPL"

    def test_needs_no_choice_when_there_is_one(self) -> None:
        assert purpose_of(self.an_actor("TREAT"), None) == "TREAT"

    @pytest.mark.parametrize("asked", [None, "", "RECORDMGT", "treat", "TREAT HCOMPL"])
    def test_is_never_one_that_the_token_does_not_hold(self, asked: str | None) -> None:
        with pytest.raises(PurposeNotHeldError):
            purpose_of(self.an_actor("TREAT", "HCOMPL"), asked)
