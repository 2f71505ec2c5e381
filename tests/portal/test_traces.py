"""Proves what the pages of traces show to operators, and that nobody else sees them."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import ValidationError

from shared.vocabulary import Profession
from tests.portal.portal_desk import PortalDesk, open_portal, settings

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HOSTILE = '<img src=x onerror="alert(1)">"\'>'
UI = "https://traces.example/trace/{trace}"
NAMED = {"traces_url": "http://traces.test", "traces_secret": "the-secret", "tracing_ui": UI}
PAGES = ("/traces", f"/traces/{TRACE}")


def a_root(**more: Any) -> dict[str, Any]:
    known = {"trace": TRACE, "service": "records", "name": "GET /fhir/{type}/{id}", "start": 1_795_687_265_120_000, "duration_ms": 31.25}
    return known | {"spans": 3, "services": ["audit", "records"]} | more


def a_span(ident: str = "a", **more: Any) -> dict[str, Any]:
    known = {"trace": TRACE, "service": "records", "instance": "nord-a", "name": "GET /fhir/{type}/{id}", "id": ident, "parent": ""}
    known |= {"start": 1_795_687_265_120_000, "duration_ms": 4.5, "attributes": {"http.response.status_code": 200}, "links": []}
    return known | more


def collected(*spans: dict[str, Any], left_out: int = 0) -> dict[str, Any]:
    return {
        "GET traces/traces": {"traces": [a_root()], "services": ["audit", "records"]},
        f"GET traces/traces/{TRACE}": {"trace": TRACE, "left_out": left_out, "spans": list(spans) or [a_span()]},
    }


@pytest.fixture
async def traced() -> AsyncIterator[PortalDesk]:
    """A portal that has a collector and a tracing UI, before an operator."""
    async with open_portal(**NAMED) as desk:
        desk.group.answers = collected()
        await desk.sign_in("operator")
        yield desk


class TestRecentTraces:
    async def test_list_what_the_collector_tells(self, traced: PortalDesk) -> None:
        answer = await traced.browser.get("/traces", headers={"accept-language": "en"})

        assert answer.status_code == 200
        assert f'<a href="/traces/{TRACE}">GET /fhir/{{type}}/{{id}}</a>' in answer.text
        assert "31.25&nbsp;ms, 3&nbsp;spans" in answer.text
        assert traced.group.asked[-1].headers["authorization"] == "Bearer the-secret"

    async def test_are_those_that_were_asked_for(self, traced: PortalDesk) -> None:
        answer = await traced.browser.get("/traces", params={"service": "audit", "name": 'x" y'})

        assert dict(traced.group.asked[-1].url.params) == {"service": "audit", "name": 'x" y'}
        assert "<option selected>audit</option>" in answer.text
        assert 'value="x&#34; y"' in answer.text
        assert "service=audit&amp;name=x%22+y&amp;lang=" in answer.text

    async def test_say_that_none_fits(self, traced: PortalDesk) -> None:
        traced.group.answers["GET traces/traces"] = {"traces": [], "services": []}

        assert "No trace fits" in (await traced.browser.get("/traces")).text


class TestTrace:
    async def test_is_a_picture_and_the_same_as_a_table(self, traced: PortalDesk) -> None:
        child = a_span("b", parent="a", start=1_795_687_265_123_000, duration_ms=6, service="audit", name="process records.access")
        traced.group.answers = collected(a_span(), child)

        answer = await traced.browser.get(f"/traces/{TRACE}", headers={"accept-language": "en"})

        assert '<rect class="of-records" x="0.0%" y="44" width="50.0%"' in answer.text
        assert '<rect class="of-audit" x="33.333%" y="80" width="66.667%"' in answer.text
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", answer.text.partition("<tbody>")[2])
        told = [re.sub(r"<[^>]+>", "", cell).strip() for cell in cells]
        assert told[:4] == ["GET /fhir/{type}/{id}", "records nord-a", "after 0&nbsp;ms", "lasts 4.5&nbsp;ms"]
        assert told[5:9] == ["process records.access", "audit nord-a", "after 3&nbsp;ms", "lasts 6&nbsp;ms"]

    async def test_needs_neither_style_nor_script(self, traced: PortalDesk) -> None:
        page = (await traced.browser.get(f"/traces/{TRACE}")).text.partition("<main")[2]

        assert "<svg" in page
        assert not re.search(r"style=|<style|<script|javascript:|\son\w+=", page)

    async def test_says_what_failed_what_is_alone_and_what_another_clock_told(self, traced: PortalDesk) -> None:
        early = a_span("b", parent="a", start=1_795_687_265_119_000)
        traced.group.answers = collected(a_span(parent="a-caller", attributes={"error.type": "TimeoutError"}), early)

        page = (await traced.browser.get(f"/traces/{TRACE}", headers={"accept-language": "en"})).text

        assert re.findall(r'<span class="chip[^>]*>([^<]+)<', page) == [
            "failed",
            "parent not collected",
            "before its parent: another clock",
        ]

    async def test_says_how_many_spans_are_left_out(self, traced: PortalDesk) -> None:
        traced.group.answers = collected(*(a_span(f"{n}") for n in range(2000)), left_out=34)

        page = (await traced.browser.get(f"/traces/{TRACE}", headers={"accept-language": "en"})).text

        assert page.count("<rect") == 200
        assert "1,834 further spans of this trace are not shown" in page

    async def test_leads_to_linked_traces_and_to_the_tracing_ui(self, traced: PortalDesk) -> None:
        traced.group.answers = collected(a_span(links=["ab" * 16]))

        page = (await traced.browser.get(f"/traces/{TRACE}")).text

        assert f'href="/traces/{"ab" * 16}"' in page
        assert f'href="https://traces.example/trace/{TRACE}" rel="noreferrer"' in page

    async def test_that_is_gone_may_be_in_the_tracing_ui(self, traced: PortalDesk) -> None:
        answer = await traced.browser.get(f"/traces/{'0' * 32}", headers={"accept-language": "en"})

        assert (answer.status_code, "your tracing UI may have it" in answer.text) == (200, True)

    @pytest.mark.parametrize("ident", ["x", "4BF92F3577B34DA6A3CE929D0E0E4736", f"{TRACE}0", "..%2Fhealth"])
    async def test_has_an_id_that_leads_nowhere_else(self, traced: PortalDesk, ident: str) -> None:
        answer = await traced.browser.get(f"/traces/{ident}")

        assert answer.status_code in {404, 422}
        assert traced.group.asked == []


class TestHostileSpans:
    @pytest.mark.parametrize("path", PAGES)
    async def test_run_nothing(self, traced: PortalDesk, path: str) -> None:
        texts = dict.fromkeys(("service", "instance", "name", "id", "parent"), HOSTILE)
        traced.group.answers = collected(a_span(**texts, attributes={HOSTILE: [HOSTILE]}))
        traced.group.answers["GET traces/traces"] = {"traces": [a_root(name=HOSTILE, service=HOSTILE)], "services": [HOSTILE]}

        answer = await traced.browser.get(path)

        assert answer.status_code == 200
        assert "alert(1)" in answer.text
        assert "<img src=x" not in answer.text
        assert 'onerror="' not in answer.text

    @pytest.mark.parametrize(
        "told", [{}, {"spans": []}, {"spans": [a_span(start=-1)]}, {"spans": [a_span(start=10**30)]}, {"spans": [a_span(links=["x"])]}, [1]]
    )
    async def test_are_none_when_they_are_no_spans(self, traced: PortalDesk, told: Any) -> None:
        traced.group.answers[f"GET traces/traces/{TRACE}"] = told

        answer = await traced.browser.get(f"/traces/{TRACE}")

        assert (answer.status_code, "collector of traces does not answer" in answer.text) == (503, True)


class TestSilentCollector:
    @pytest.mark.parametrize(("path", "status"), [(PAGES[0], 200), (PAGES[1], 503)])
    async def test_is_said_on_the_page(self, traced: PortalDesk, path: str, status: int) -> None:
        traced.group.silent = {"traces"}

        answer = await traced.browser.get(path, headers={"accept-language": "en"})

        assert (answer.status_code, "The collector of traces does not answer" in answer.text) == (status, True)

    async def test_is_said_when_it_refuses_the_secret(self, traced: PortalDesk) -> None:
        traced.group.answers["GET traces/traces"] = (401, {})

        assert "does not answer" in (await traced.browser.get("/traces")).text


class TestWithoutCollector:
    async def test_says_how_to_name_one(self, portal: PortalDesk) -> None:
        await portal.sign_in("operator")

        answer = await portal.browser.get("/traces")

        assert (answer.status_code, "SERMENT_TRACES_URL" in answer.text) == (200, True)
        assert (await portal.browser.get(f"/traces/{TRACE}")).status_code == 404
        assert portal.group.asked == []

    async def test_leads_to_the_tracing_ui_alone(self) -> None:
        async with open_portal(tracing_ui=UI) as portal:
            await portal.sign_in("operator")

            told = (await portal.browser.get("/traces")).text
            page = (await portal.browser.get(f"/traces/{TRACE}")).text

            assert "kept in your tracing UI" in told
            assert f"https://traces.example/trace/{TRACE}" in page
            assert portal.group.asked == []


class TestOtherProfessions:
    @pytest.mark.parametrize("path", PAGES)
    @pytest.mark.parametrize("role", sorted(set(Profession) - {Profession.OPERATOR}))
    async def test_are_refused_before_anything_is_asked(self, role: str, path: str) -> None:
        async with open_portal(**NAMED) as portal:
            portal.group.answers = collected()
            await portal.sign_in(role)

            answer = await portal.browser.get(path)

            assert (answer.status_code, "This page is for other professions" in answer.text) == (403, True)
            assert "/fhir/" not in answer.text
            assert portal.group.asked == []

    @pytest.mark.parametrize("path", PAGES)
    async def test_of_nobody_is_asked_to_sign_in(self, portal: PortalDesk, path: str) -> None:
        answer = await portal.browser.get(path)

        assert (answer.status_code, f'value="{path}"' in answer.text) == (401, True)


class TestTracingUi:
    @pytest.mark.parametrize("address", ["https://traces.example/", "javascript:alert('{trace}')", "//traces.example/{trace}", "{trace}"])
    def test_must_be_an_address_of_a_trace(self, address: str) -> None:
        with pytest.raises(ValidationError):
            settings(tracing_ui=address)
