"""Proves what every page carries and what no page repeats."""

import re
from pathlib import Path

import pytest

from services.portal.ledger_activity import Entry
from services.portal.settings import PortalSettings
from services.portal.telling import tell
from tests.portal.portal_desk import PortalDesk, an_entry, settings

LONG = "x" * 3000
HOSTILE = '<img src=x onerror="alert(1)">'
TEMPLATES = Path("services/portal/templates")


class TestEveryAnswer:
    @pytest.mark.parametrize(
        "path", ["/", "/nowhere", "/callback", "/callback?state=" + "x" * 3000, "/static/serment.css", "/health/live", "/events"]
    )
    async def test_carries_the_security_headers(self, portal: PortalDesk, path: str) -> None:
        headers = (await portal.browser.get(path)).headers

        policy = headers["content-security-policy"].split("; ")
        assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy)
        assert "form-action 'self' http://127.0.0.1:8401" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"

    async def test_carries_them_after_a_surprise(self, portal: PortalDesk) -> None:
        portal.database.get_collection = None  # type: ignore[assignment, method-assign]
        portal.app.app.state.resources = None

        answer = await portal.browser.get("/")

        assert answer.status_code == 500
        assert "content-security-policy" in answer.headers
        assert "logged" in answer.text

    @pytest.mark.parametrize("path", ["/", "/nowhere"])
    async def test_is_kept_by_no_cache(self, portal: PortalDesk, path: str) -> None:
        assert (await portal.browser.get(path)).headers["cache-control"] == "no-store"

    async def test_repeats_nothing_that_was_asked(self, portal: PortalDesk) -> None:
        answer = await portal.browser.get("/callback", params={"state": HOSTILE, "error": HOSTILE, "lang": HOSTILE})

        assert "onerror" not in answer.text


class TestTemplates:
    @pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
    def test_have_no_script_or_style_of_their_own(self, template: Path) -> None:
        text = template.read_text()

        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|hx-on|javascript:|\|\s*safe", text)


class TestLanguage:
    @pytest.mark.parametrize(
        ("accepted", "word"), [("fr-FR,fr;q=0.9,en;q=0.8", "Se connecter"), ("en", "Sign in"), ("de", "Sign in"), ("", "Sign in")]
    )
    async def test_follows_the_browser(self, portal: PortalDesk, accepted: str, word: str) -> None:
        answer = await portal.browser.get("/", headers={"accept-language": accepted})

        assert word in answer.text
        assert f'<html lang="{answer.headers["content-language"]}">' in answer.text

    async def test_is_remembered_once_chosen(self, portal: PortalDesk) -> None:
        await portal.browser.get("/?lang=fr", headers={"accept-language": "en"})

        assert "Se connecter" in (await portal.browser.get("/", headers={"accept-language": "en"})).text

    async def test_is_passed_on_to_the_login_page(self, portal: PortalDesk) -> None:
        await portal.browser.get("/?lang=fr")

        assert "ui_locales=fr" in await portal.leave()

    async def test_holds_for_errors(self, portal: PortalDesk) -> None:
        answer = await portal.browser.get("/callback", headers={"accept-language": "fr"})

        assert "Cette connexion n’a pas été commencée" in answer.text


class TestStyle:
    @pytest.mark.parametrize("language", ["fr", "en"])
    async def test_shows_every_token_of_the_sheet(self, portal: PortalDesk, language: str) -> None:
        sheet = (await portal.browser.get("/static/serment.css")).text
        colours = re.findall(r"^    --([a-z-]+):", sheet, re.MULTILINE)

        shown = (await portal.browser.get("/style", headers={"accept-language": language})).text

        assert len(colours) > 10
        assert [name for name in colours if f'fill="var(--{name})"' not in shown] == []
        assert all(f"--{name}" in shown for name in ("space-5", "type-title"))


class TestStory:
    async def test_tells_an_entry(self, portal: PortalDesk) -> None:
        portal.ledger.entries = [an_entry(128)]
        await portal.sign_in()

        text = " ".join(re.sub(r"<[^>]+>", "", (await portal.browser.get("/activity")).text).split())

        assert "09:41:05 clinician of nord-medecine read an Observation · care team · answered · entry 128, signed" in text

    async def test_escapes_what_the_ledger_says(self, portal: PortalDesk) -> None:
        fields = ("unit", "action", "resourceType", "outcome", "reason", "profession", "relationship", "time")
        portal.ledger.entries = [an_entry(index, **{name: HOSTILE}) for index, name in enumerate(fields)]
        await portal.sign_in()

        text = (await portal.browser.get("/activity")).text

        assert "<img src=x" not in text
        assert text.count("&lt;img src=x") == len(fields)

    async def test_escapes_who_is_signed_in(self, portal: PortalDesk) -> None:
        portal.provider.person = portal.provider.person | {"name": HOSTILE}
        await portal.sign_in()

        assert "<img src=x" not in (await portal.browser.get("/activity")).text

    async def test_asks_with_the_persons_own_token(self, portal: PortalDesk) -> None:
        await portal.sign_in()
        await portal.browser.get("/activity")

        assert portal.ledger.asked[0]["token"].startswith("Bearer ey")

    async def test_says_so_when_the_ledger_is_silent(self, portal: PortalDesk) -> None:
        portal.ledger.status = 500
        await portal.sign_in()

        text = (await portal.browser.get("/activity")).text

        assert "The ledger does not answer at the moment" in text
        assert 'hx-sse:connect="/events"' in text

    async def test_says_kindly_who_sees_activity(self, portal: PortalDesk) -> None:
        portal.ledger.status = 403
        await portal.sign_in()

        text = (await portal.browser.get("/activity")).text

        assert "operators and privacy officers see it" in text
        assert "hx-sse:connect" not in text

    async def test_goes_on_after_what_it_shows(self, portal: PortalDesk) -> None:
        portal.ledger.entries = [an_entry(126), an_entry(127, signed=False), an_entry(128, signed=False)]
        await portal.sign_in()

        assert 'hx-sse:connect="/events?after=128&amp;unsigned=127"' in (await portal.browser.get("/activity")).text


class TestTell:
    @pytest.mark.parametrize(
        ("entry", "language", "what", "outcome"),
        [
            (an_entry(), "fr", "soignant de nord-medecine a lu une ressource Observation", "répondu"),
            (an_entry(unit="urgences"), "fr", "soignant d’urgences a lu une ressource Observation", "répondu"),
            (an_entry(resourceType="Patient", action="search"), "en", "clinician of nord-medecine searched Patient resources", "answered"),
            (an_entry(unit=None, profession="patient"), "en", "patient of nord read an Observation", "answered"),
            (
                an_entry(outcome="refused", reason="no-care-relationship"),
                "en",
                "clinician of nord-medecine read an Observation",
                "refused: not in the care team",
            ),
            (
                an_entry(action="teleport", outcome="odd", reason="new"),
                "en",
                "clinician of nord-medecine teleport an Observation",
                "odd: new",
            ),
            ({"index": 3}, "en", "an entry whose content can no longer be opened", ""),
            (an_entry(unit=7, site=[], resourceType={}, profession=None), "en", "someone read something", "answered"),
        ],
    )
    def test_says_what_happened(self, entry: dict[str, object], language: str, what: str, outcome: str) -> None:
        line = tell(Entry.model_validate(entry), language)

        assert (line.what, line.outcome) == (what, outcome)


class TestSettings:
    @pytest.mark.parametrize("url", ["http://serment.example", "https://serment.example/portal", "ftp://127.0.0.1"])
    def test_refuse_a_public_address_that_is_not_safe(self, url: str) -> None:
        with pytest.raises(ValueError, match="public_url"):
            settings(public_url=url)

    def test_take_https(self) -> None:
        given: PortalSettings = settings(public_url="https://serment.example")

        assert given.redirect_uri == "https://serment.example/callback"
