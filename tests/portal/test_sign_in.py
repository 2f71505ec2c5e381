"""Proves the sign-in against a provider played at HTTP level: what is accepted, what is refused, and what is noted of each."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from services.portal.cookies import BEGUN, SESSION
from tests.portal.portal_desk import CLIENT, URL, PortalDesk, open_portal


class TestBeginSignIn:
    async def test_asks_for_a_code_with_pkce_state_and_nonce(self, portal: PortalDesk) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(await portal.leave()).query).items()}

        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["redirect_uri"] == f"{URL}/callback"
        assert asked["code_challenge_method"] == "S256"
        assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43

    async def test_binds_it_to_the_browser(self, portal: PortalDesk) -> None:
        answer = await portal.browser.post("/sign-in")

        cookie = answer.headers["set-cookie"].lower()

        assert cookie.startswith(BEGUN.lower())
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= {part.strip() for part in cookie.split(";")}

    async def test_refuses_a_form_of_another_site(self, portal: PortalDesk) -> None:
        answer = await portal.browser.post("/sign-in", headers={"sec-fetch-site": "cross-site"})

        assert answer.status_code == 403
        assert portal.database.rows == {}


class TestCompleteSignIn:
    async def test_opens_a_session(self, portal: PortalDesk) -> None:
        answer = await portal.sign_in()

        cookie = answer.headers["set-cookie"].lower()
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert cookie.startswith(f"{SESSION.lower()}=")
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= {part.strip() for part in cookie.split(";")}
        assert "Ursule Faure" in (await portal.browser.get("/activity")).text

    async def test_notes_it_without_a_name(self, portal: PortalDesk) -> None:
        await portal.sign_in()

        assert portal.notes.kept == [
            {
                "type": "org.serment.portal.signed-in.v1",
                "actor": {"id": "person-1", "profession": "operator", "site": "nord"},
                "outcome": "answered",
                "reason": None,
            }
        ]

    async def test_gives_no_session_without_a_note(self, portal: PortalDesk) -> None:
        portal.notes.down = True

        answer = await portal.sign_in()

        assert answer.status_code == 503
        assert portal.cookie() is None

    async def test_refuses_another_state(self, portal: PortalDesk) -> None:
        query = portal.provider.authorize(await portal.leave())

        answer = await portal.browser.get(f"/callback?{query}x")

        assert answer.status_code == 403
        assert portal.notes.told() == [("sign-in-failed", "state-mismatch")]

    @pytest.mark.parametrize(
        ("spoiled", "reason"),
        [
            ({"nonce": "of another sign-in"}, "nonce-mismatch"),
            ({"aud": "another-client"}, "token-refused"),
            ({"iss": "http://elsewhere.test"}, "token-refused"),
            ({"exp": 1}, "token-refused"),
            ({"extensions": {}}, "token-incomplete"),
        ],
    )
    async def test_refuses_a_token_that_does_not_answer_it(self, portal: PortalDesk, spoiled: dict[str, Any], reason: str) -> None:
        portal.provider.spoil = lambda claims: claims | spoiled

        answer = await portal.sign_in()

        assert answer.status_code == 403
        assert portal.notes.told() == [("sign-in-failed", reason)]
        assert portal.cookie() is None

    async def test_refuses_a_token_for_another_client_of_the_same_issuer(self) -> None:
        issuers = [{"issuer": "http://provider.test", "jwks_uri": "http://provider.test/keys", "audiences": [CLIENT, "api"]}]
        async with open_portal(issuers=issuers) as portal:
            portal.provider.spoil = lambda claims: claims | {"aud": "api"}

            await portal.sign_in()

            assert portal.notes.told() == [("sign-in-failed", "audience-mismatch")]

    async def test_refuses_a_replay(self, portal: PortalDesk) -> None:
        query = portal.provider.authorize(await portal.leave())
        begun = portal.cookie(BEGUN)
        await portal.browser.get(f"/callback?{query}")
        portal.browser.cookies.set(BEGUN, str(begun))

        answer = await portal.browser.get(f"/callback?{query}")

        assert answer.status_code == 400
        assert portal.notes.told() == [("signed-in", None)]

    async def test_refuses_a_code_of_another_sign_in(self, portal: PortalDesk) -> None:
        stolen = parse_qs(portal.provider.authorize(await portal.leave()))["code"][0]
        state = parse_qs(urlsplit(await portal.leave()).query)["state"][0]

        answer = await portal.browser.get("/callback", params={"code": stolen, "state": state})

        assert answer.status_code == 403
        assert portal.notes.told() == [("sign-in-failed", "code-refused")]

    async def test_says_so_when_the_provider_is_down(self, portal: PortalDesk) -> None:
        portal.provider.down = True

        answer = await portal.sign_in()

        assert answer.status_code == 503
        assert "The sign-in service does not answer" in answer.text
        assert portal.notes.told() == [("sign-in-failed", "provider-unreachable")]

    async def test_notes_that_it_was_given_up(self, portal: PortalDesk) -> None:
        state = parse_qs(urlsplit(await portal.leave()).query)["state"][0]

        answer = await portal.browser.get("/callback", params={"error": "access_denied", "state": state})

        assert "cancelled" in answer.text
        assert portal.notes.told() == [("sign-in-failed", "access-denied")]

    async def test_notes_nothing_that_was_not_begun_here(self, portal: PortalDesk) -> None:
        answer = await portal.browser.get("/callback", params={"error": "access_denied", "state": "made up"})

        assert answer.status_code == 400
        assert portal.notes.kept == []

    async def test_ends_the_session_before(self, portal: PortalDesk) -> None:
        await portal.sign_in()
        first = portal.cookie()
        await portal.sign_in()

        assert portal.cookie() != first
        assert portal.notes.told() == [("signed-in", None), ("signed-out", "signed-in-again"), ("signed-in", None)]
        assert len(portal.database.rows) == 1


class TestSignOut:
    async def test_ends_the_session_and_notes_it(self, portal: PortalDesk) -> None:
        await portal.sign_in()
        form_token = await form_token_of(portal)

        answer = await portal.browser.post("/sign-out", data={"form-token": form_token})

        assert answer.status_code == 303
        assert portal.notes.told()[-1] == ("signed-out", "asked")
        assert portal.database.rows == {}
        assert "Ursule" not in (await portal.browser.get("/")).text

    @pytest.mark.parametrize("form", [{}, {"form-token": "0" * 64}, {"form-token": "x" * 10_000}])
    async def test_refuses_a_form_of_another_site(self, portal: PortalDesk, form: dict[str, str]) -> None:
        await portal.sign_in()

        answer = await portal.browser.post("/sign-out", data=form)

        assert answer.status_code == 403
        assert "Ursule" in (await portal.browser.get("/activity")).text

    async def test_refuses_the_form_of_another_session(self, portal: PortalDesk) -> None:
        await portal.sign_in()
        old = await form_token_of(portal)
        await portal.sign_in()

        assert (await portal.browser.post("/sign-out", data={"form-token": old})).status_code == 403

    async def test_is_not_answered_without_a_note(self, portal: PortalDesk) -> None:
        await portal.sign_in()
        form_token = await form_token_of(portal)
        portal.notes.down = True

        assert (await portal.browser.post("/sign-out", data={"form-token": form_token})).status_code == 503
        assert portal.database.rows == {}

    async def test_has_no_get(self, portal: PortalDesk) -> None:
        await portal.sign_in()

        assert (await portal.browser.get("/sign-out")).status_code == 405


async def form_token_of(portal: PortalDesk) -> str:
    return (await portal.browser.get("/activity")).text.partition('name="form-token" value="')[2].partition('"')[0]
