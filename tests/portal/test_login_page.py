"""Proves the login page against an OpenBao played at HTTP level: slow and even answers, limits, and no way elsewhere."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from deploy.local.login.failures import Failures
from deploy.local.login.issuer import Issuer
from deploy.local.login.let_in import Doorkeeper
from deploy.local.login.main import make_app
from deploy.local.login.settings import LoginSettings

CALLBACK = "http://127.0.0.1:8400/callback"
ASKED = {"response_type": "code", "client_id": "c", "redirect_uri": CALLBACK, "scope": "openid serment", "state": "s", "nonce": "n"}


class PlayedOpenBao:
    def __init__(self) -> None:
        self.calls: list[str] = []
        self.down = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("no OpenBao", request=request)
        self.calls.append(request.url.path)
        if "/login/" in request.url.path:
            right = request.url.path.endswith("/u.faure") and b'"right"' in request.content
            return httpx.Response(200, json={"auth": {"client_token": "t"}}) if right else httpx.Response(400, json={"errors": ["no"]})
        if request.url.path.endswith("/authorize"):
            assert request.headers["x-vault-token"] == "t"
            return httpx.Response(200, json={"code": "the-code", "state": request.url.params["state"]})
        return httpx.Response(204)


@pytest.fixture
def openbao() -> PlayedOpenBao:
    return PlayedOpenBao()


@pytest.fixture
async def browser(openbao: PlayedOpenBao) -> AsyncIterator[httpx.AsyncClient]:
    app = make_app(LoginSettings(port=8401, openbao="http://bao.test", redirect_uri=CALLBACK))
    async with httpx.AsyncClient(transport=httpx.MockTransport(openbao.answer), base_url="http://bao.test") as http:
        app.app.state.keeper = Doorkeeper(Issuer(http, provider="serment"), pause=0)  # type: ignore[attr-defined]
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8401") as client:
            yield client


async def give(browser: httpx.AsyncClient, login: str, password: str, **asked: str) -> httpx.Response:
    return await browser.post(f"/authorize?{urlencode(ASKED | asked)}", data={"login": login, "password": password})


class TestLoginPage:
    async def test_sends_back_the_code(self, browser: httpx.AsyncClient, openbao: PlayedOpenBao) -> None:
        answer = await give(browser, "u.faure", "right")

        assert answer.status_code == 303
        assert answer.headers["location"] == f"{CALLBACK}?code=the-code&state=s"
        assert openbao.calls[-1] == "/v1/auth/token/revoke-self"

    @pytest.mark.parametrize("login", ["../../sys/seal", "a/b", "", "u.faure?x", "é", "x" * 100, ".hidden"])
    async def test_puts_no_odd_name_into_a_path(self, browser: httpx.AsyncClient, openbao: PlayedOpenBao, login: str) -> None:
        answer = await give(browser, login, "right")

        assert answer.status_code == 401
        assert openbao.calls == []

    async def test_gives_up_on_the_third_wrong_password(self, browser: httpx.AsyncClient) -> None:
        answers = [await give(browser, "u.faure", "wrong") for _ in range(3)]

        assert [answer.status_code for answer in answers] == [401, 401, 303]
        back = urlsplit(answers[-1].headers["location"])
        assert parse_qs(back.query) == {"error": ["access_denied"], "state": ["s"]}
        assert f"{back.scheme}://{back.netloc}{back.path}" == CALLBACK

    @pytest.mark.parametrize("login", ["u.faure", "no.body"])
    async def test_rests_a_name_after_five(self, browser: httpx.AsyncClient, openbao: PlayedOpenBao, login: str) -> None:
        for number in range(5):
            await give(browser, login, "wrong", state=f"s{number}")

        answer = await give(browser, login.upper(), "right", state="another")

        assert answer.status_code == 429
        assert len(openbao.calls) == 5

    async def test_says_so_when_openbao_is_down(self, browser: httpx.AsyncClient, openbao: PlayedOpenBao) -> None:
        openbao.down = True

        answer = await give(browser, "u.faure", "right")

        assert answer.status_code == 503
        assert "does not answer" in answer.text

    async def test_speaks_the_language_of_the_portal(self, browser: httpx.AsyncClient) -> None:
        answer = await browser.get(f"/authorize?{urlencode(ASKED | {'ui_locales': 'fr'})}", headers={"accept-language": "en"})

        assert "Mot de passe" in answer.text
        assert '<html lang="fr">' in answer.text

    async def test_escapes_what_it_repeats(self, browser: httpx.AsyncClient) -> None:
        answer = await give(browser, '"><script>alert(1)</script>', "x", state='"><script>')

        assert "<script>" not in answer.text

    @pytest.mark.parametrize("asked", [{"redirect_uri": "https://elsewhere.example"}, {"state": ""}, {"state": "x" * 600}])
    async def test_has_no_form_for_others(self, browser: httpx.AsyncClient, asked: dict[str, str]) -> None:
        shown = await browser.get(f"/authorize?{urlencode(ASKED | asked)}")
        posted = await give(browser, "u.faure", "right", **asked)

        assert (shown.status_code, posted.status_code) == (400, 400)
        assert "<form" not in shown.text

    async def test_takes_no_endless_form(self, browser: httpx.AsyncClient, openbao: PlayedOpenBao) -> None:
        answer = await give(browser, "u.faure", "right" * 2000)

        assert answer.status_code == 401
        assert openbao.calls == []


class TestFailures:
    def test_are_forgotten_after_a_while(self) -> None:
        failures = Failures(limit=2, window=10)
        failures.add("a", now=0)
        failures.add("a", now=5)

        assert failures.too_many("a", now=9)
        assert not failures.too_many("a", now=10)
        assert not failures.too_many("b", now=9)
