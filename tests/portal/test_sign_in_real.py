"""Proves the whole sign-in with real servers: through the login page, into the session, out again, all of it noted."""

import time

import httpx

from cli.running import Running
from tests.portal.real_portal import RealPortal


class TestSignInForReal:
    async def test_goes_through_the_login_page_and_out_again(self, real: RealPortal) -> None:
        async with real.browser() as browser:
            form = await real.to_login_page(browser)
            assert str(form.url).startswith(f"{real.login_url}/authorize?")
            inside = await real.fill(browser, form, "u.faure")
            assert (inside.status_code, str(inside.url)) == (200, f"{real.url}/activity")
            assert "Ursule Faure" in inside.text
            assert "The ledger does not answer" not in inside.text
            assert "interface" in inside.text  # who loaded the sample
            form_token = inside.text.partition('name="form-token" value="')[2].partition('"')[0]

            outside = await browser.post(f"{real.url}/sign-out", data={"form-token": form_token})

        assert "Ursule" not in outside.text
        (signed_in, signed_out) = (await real.noted())[-2:]
        assert [signed_in["type"], signed_out["type"]] == ["org.serment.portal.signed-in.v1", "org.serment.portal.signed-out.v1"]
        assert signed_in["actor"] == signed_out["actor"]
        assert (signed_in["actor"]["profession"], signed_in["actor"]["site"]) == ("operator", "nord")  # type: ignore[index]
        assert signed_in["incarnation"] == signed_out["incarnation"]

    async def test_ends_when_the_sites_agent_locks_the_workstation(self, real: RealPortal, running: Running) -> None:
        agent = {"authorization": f"Bearer {running.token('integration.nord')}"}
        async with real.browser() as browser:
            lock = f"{real.governance_url}/workstations/urgences-1/lock"
            inside = await real.fill(browser, await real.to_login_page(browser), "c.petit")
            assert "Claire Petit" in inside.text
            assert (await browser.put(lock, headers=agent)).json()["locked"]
            try:
                outside, started = inside, time.monotonic()
                while "Claire Petit" in outside.text and time.monotonic() < started + 20:
                    outside = await browser.get(f"{real.url}/charts")
                refused = await real.fill(browser, await real.to_login_page(browser), "c.petit")
            finally:
                await browser.delete(lock, headers=agent)

        assert (outside.status_code, "your workstation was locked" in outside.text) == (401, True)
        assert (refused.status_code, "this workstation is locked" in refused.text) == (403, True)
        told = [(note["type"], note["reason"]) for note in (await real.noted())[-3:]]
        assert [reason for _, reason in told] == [None, "workstation-locked", "workstation-locked"]

    async def test_asks_again_after_a_wrong_password(self, real: RealPortal) -> None:
        async with real.browser() as browser:
            form = await real.to_login_page(browser)

            wrong = await real.fill(browser, form, "o.leroy", "not the password")
            nobody = await real.fill(browser, wrong, "no.body", "not the password")
            inside = await real.fill(browser, nobody, "o.leroy")

        assert (wrong.status_code, nobody.status_code) == (401, 401)
        assert "do not go together" in wrong.text
        assert "not the password" not in wrong.text
        assert wrong.text.replace("o.leroy", "") == nobody.text.replace("no.body", "")
        assert "Odile Leroy" in inside.text

    async def test_tells_the_portal_of_the_third_wrong_password(self, real: RealPortal) -> None:
        async with real.browser() as browser:
            form = await real.to_login_page(browser)
            for _ in range(3):
                form = await real.fill(browser, form, "t.roux", "not the password")

        assert (form.status_code, str(form.url).split("?")[0]) == (403, f"{real.url}/callback")
        assert "cancelled" in form.text
        assert (await real.noted())[-1]["reason"] == "access-denied"

    async def test_leads_nowhere_that_openbao_does_not_accept(self, real: RealPortal) -> None:
        async with real.browser() as browser:
            form = await real.to_login_page(browser)
            asked = form.url.copy_set_param("redirect_uri", "https://elsewhere.example/callback")
            elsewhere = await browser.get(asked)
            posted = await browser.post(asked, data={"login": "u.faure", "password": real.home.secret("account-u.faure")})

        assert (elsewhere.status_code, posted.status_code) == (400, 400)
        assert "https://elsewhere" not in elsewhere.text + posted.text

    async def test_leaves_no_password_in_a_log(self, real: RealPortal) -> None:
        password = real.home.secret("account-u.faure")

        logs = "".join(real.home.log(name).read_text() for name in ("portal", "login"))

        assert password not in logs
        assert "not the password" not in logs

    async def test_shows_headers_on_the_login_page(self, real: RealPortal) -> None:
        async with real.browser() as browser:
            form: httpx.Response = await real.to_login_page(browser)

        assert f"form-action 'self' {real.url}" in form.headers["content-security-policy"]
        assert form.headers["cache-control"] == "no-store"
