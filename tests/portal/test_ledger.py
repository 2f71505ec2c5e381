"""The page on which officers search the ledger, what it asks and repeats; and names on every page that tells accounts."""

import re
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.portal.portal_desk import PortalDesk
from tests.portal.test_rooms import AT, HOSTILE, ME, NAMES, a_case, a_review, a_search, an_access

ENTRIES = "GET audit/log/records.access/entries"
UNFIT = (400, {"type": "urn:serment:problem:search-unfit", "detail": "The parameter “from” is wrong."})


async def searched(portal: PortalDesk, query: str = "?from=2026-11-26T10:00", **answers: Any) -> str:
    portal.group.answers = answers.pop("answers", None) or a_search(**answers)
    await portal.sign_in("privacy-officer")
    answer = await portal.browser.get(f"/ledger{query}")
    assert answer.status_code == 200
    return answer.text


def asked(portal: PortalDesk, path: str = "/log/records.access/entries") -> dict[str, list[str]]:
    return next(parse_qs(request.url.query.decode()) for request in portal.group.asked if request.url.path == path)


def following(text: str) -> dict[str, list[str]]:
    link = re.search(r'rel="next" href="/ledger\?([^"]+)"', text)
    assert link is not None
    return parse_qs(link[1].replace("&amp;", "&"))


class TestTheForm:
    async def test_asks_nothing_by_itself(self, portal: PortalDesk) -> None:
        text = await searched(portal, "")

        assert portal.group.asked == []
        assert "Ask as narrowly as you can" in text
        assert re.search(r'name="from" type="datetime-local" value="20\d\d-\d\d-\d\dT\d\d:\d\d" required', text)

    async def test_asks_what_was_filled_in_for_the_time_of_the_place(self, portal: PortalDesk) -> None:
        query = "?from=2026-11-26T10:00&to=2026-11-26T12:00&actor=+s-1+&patient=&unit=nord-urgences&outcome=refused&emergency=true&x=y"

        text = await searched(portal, query)

        assert asked(portal) == {
            "from": ["2026-11-26T09:00:00.000Z"],
            "to": ["2026-11-26T11:00:00.000Z"],
            "actor": ["s-1"],
            "unit": ["nord-urgences"],
            "outcome": ["refused"],
            "emergency": ["true"],
        }
        assert portal.group.asked[0].headers["x-purpose-of-use"] == "HCOMPL"
        assert 'value="2026-11-26T10:00" required' in text
        assert '<option value="refused" selected>' in text
        assert '<input type="checkbox" name="emergency" value="true" checked>' in text
        assert "<details open>" in text

    @pytest.mark.parametrize(
        "query",
        [
            "?patient=Jeanne%20Canari",
            "?actor=%3Cscript%3ECanari",
            "?unit=" + "Canari" * 20,
            "?from=Canari",
            "?from=9999-12-31T23:59Z",
            "?to=0001-01-01T00:00%2B14:00",
            "?outcome=Canari",
            "?profession=%00Canari",
            "?emergency=Canari",
            "?before=-1",
            "?before=" + "9" * 40,
            "?action=%ff",
        ],
    )
    async def test_asks_nothing_that_makes_no_sense_and_repeats_none_of_it(self, portal: PortalDesk, query: str) -> None:
        text = await searched(portal, query)

        assert portal.group.asked == []
        assert 'role="alert"' in text
        assert "Canari" not in text
        assert "9999" not in text

    async def test_says_which_field_the_ledger_refused(self, portal: PortalDesk) -> None:
        text = await searched(portal, "?from=2026-01-01T00:00&actor=s-1", answers={ENTRIES: UNFIT})

        assert "31 days at most" in text
        assert 'id="from" name="from" type="datetime-local" value="2026-01-01T00:00" required aria-invalid="true"' in text
        assert 'value="s-1"' in text

    async def test_shows_a_time_that_leaves_nothing_out_when_asked_again(self, portal: PortalDesk) -> None:
        text = await searched(portal, "?from=2026-11-26T09:00:59.999Z&to=2026-11-26T10:59:59.001Z")

        assert 'value="2026-11-26T10:00" required' in text
        assert 'name="to" type="datetime-local" value="2026-11-26T12:00"' in text

    async def test_keeps_the_search_in_the_other_language(self, portal: PortalDesk) -> None:
        text = await searched(portal, "?from=2026-11-26T10:00&outcome=refused&x=y")

        assert 'href="?from=2026-11-26T09%3A00%3A00.000Z&amp;outcome=refused&amp;lang=fr"' in text


class TestWhatIsFound:
    async def test_leads_to_person_patient_and_proof(self, portal: PortalDesk) -> None:
        entry = an_access(9, actor="somebody", patient=ME, emergency=True)

        text = await searched(portal, answers=a_search(entry) | NAMES)

        assert "/ledger?actor=somebody&amp;from=2026-11-26T10%3A00%3A00Z&amp;to=2026-11-26T11%3A00%3A00Z" in text
        assert ">Dr Anne Essai</a>" in text
        assert f'href="/trail/{ME}"' in text
        assert '<a href="/proof/n" download>' in text
        assert "Urgences, Hôpital Nord" in text
        assert "emergency access" in text
        assert asked(portal, "/names") == {"id": ["somebody"]}

    async def test_tells_accounts_while_governance_is_silent(self, portal: PortalDesk) -> None:
        portal.group.silent = {"governance"}

        text = await searched(portal, answers=a_search(an_access(9, actor="somebody", patient=ME)))

        assert "<code>somebody</code></a>" in text

    async def test_tells_accounts_when_governance_refuses(self, portal: PortalDesk) -> None:
        text = await searched(portal, answers=a_search(an_access(9, actor="somebody", patient=ME)) | {"GET governance/names": (403, {})})

        assert "<code>somebody</code></a>" in text

    async def test_shows_a_name_as_it_is_written(self, portal: PortalDesk) -> None:
        names = {"GET governance/names": {"names": {"somebody": HOSTILE}}}

        text = await searched(portal, answers=a_search(an_access(9, actor="somebody", patient=ME)) | names)

        assert "<img src=x" not in text
        assert "&lt;img src=x" in text

    async def test_quotes_an_account_that_is_put_into_an_address(self, portal: PortalDesk) -> None:
        text = await searched(portal, answers=a_search(an_access(9, actor='a"&b=c d', patient=ME)))

        assert "/ledger?actor=a%22%26b%3Dc%20d&amp;from=" in text
        assert asked(portal, "/names") == {"id": ['a"&b=c d']}

    async def test_goes_on_with_the_same_search_where_it_stopped(self, portal: PortalDesk) -> None:
        entry = an_access(9, patient=ME, actor=None)

        text = await searched(portal, "?from=2026-11-26T11:00&outcome=refused", answers=a_search(entry, following=9))

        assert following(text) == {"from": [AT], "to": ["2026-11-26T11:00:00Z"], "outcome": ["refused"], "before": ["9"]}
        assert "Older ones" in text

    async def test_says_how_far_it_looked_when_it_found_nothing_yet(self, portal: PortalDesk) -> None:
        text = await searched(portal, "?actor=s-1", answers=a_search(looked=5000, following=70_000) | NAMES)

        assert re.search(r"Entries looked at: 5,000, back to <time[^>]+>26 Nov 2026, 11:00</time>", text)
        assert "Nothing yet that says all of that" in text
        assert "Go on with older ones" in text
        assert "Account (Dr Anne Essai)" in text

    async def test_teaches_when_there_is_nothing(self, portal: PortalDesk) -> None:
        text = await searched(portal)

        assert "Nothing in this time says all of that." in text
        assert 'rel="next"' not in text

    async def test_shows_what_can_no_longer_be_opened(self, portal: PortalDesk) -> None:
        sealed = dict.fromkeys(an_access(0)) | {"index": 4, "actor": None, "patient": None}

        text = await searched(portal, answers=a_search(sealed))

        assert "content can no longer be opened" in text
        assert "ledger entry 4" in text


class TestNamesOnOtherPages:
    @pytest.mark.parametrize(
        ("path", "answers"),
        [
            (f"/trail/{ME}", {f"GET audit/log/records.access/trail/{ME}": {"accesses": [an_access(9, actor="s-1")], "following": None}}),
            ("/cases/e3cd", {"GET notifier/cases/e3cd": a_case(actor="s-1")}),
            (
                "/cases/e3cd",
                {"GET notifier/cases/e3cd": a_case(timeline=[{"state": "confirmed", "at": AT, "by": "s-1", "reason": "loss"}])},
            ),
            ("/reviews/g-1", {"GET notifier/reviews/g-1": a_review()}),
            ("/reviews/g-1", {"GET notifier/reviews/g-1": a_review(staff="", state="justified", reviewed_by="s-1", reviewed_at=AT)}),
        ],
    )
    async def test_lead_officers_to_what_that_account_did(self, portal: PortalDesk, path: str, answers: dict[str, Any]) -> None:
        await portal.sign_in("privacy-officer")
        portal.group.answers = answers | NAMES
        named = (await portal.browser.get(path)).text
        portal.group.silent = {"governance"}
        unnamed = (await portal.browser.get(path)).text

        assert re.search(r'<a href="/ledger\?actor=s-1[^"]*">Dr Anne Essai</a>', named)
        assert re.search(r'<a href="/ledger\?actor=s-1[^"]*"><code>s-1</code></a>', unnamed)

    async def test_lead_to_the_time_of_the_case(self, portal: PortalDesk) -> None:
        portal.group.answers = {"GET notifier/cases/e3cd": a_case(actor="s-1", last="2026-11-26T10:02:00Z")}
        await portal.sign_in("privacy-officer")

        text = (await portal.browser.get("/cases/e3cd")).text

        assert "?actor=s-1&amp;from=2026-11-26T10%3A00%3A00.000Z&amp;to=2026-11-26T10%3A02%3A00.001Z" in text

    async def test_tell_a_patient_the_name_and_never_the_account(self, portal: PortalDesk) -> None:
        accesses = [an_access(9, actor="s-1"), an_access(8, actor="unknown-1"), an_access(7)]
        portal.group.answers = {f"GET audit/log/records.access/trail/{ME}": {"accesses": accesses, "following": None}, **NAMES}
        await portal.sign_in("patient", patient=ME)

        named = (await portal.browser.get("/trail")).text
        portal.group.silent = {"governance"}
        unnamed = (await portal.browser.get("/trail")).text

        assert named.count("Dr Anne Essai") == 1
        assert "Dr Anne Essai" not in unnamed
        assert not [word for word in ("s-1", "unknown-1", "/ledger") if word in named + unnamed]

    async def test_are_not_asked_for_when_there_are_no_accounts(self, portal: PortalDesk) -> None:
        portal.group.answers = {f"GET audit/log/records.access/trail/{ME}": {"accesses": [an_access(7)], "following": None}}
        await portal.sign_in("patient", patient=ME)

        await portal.browser.get("/trail")

        assert [request.url.host for request in portal.group.asked] == ["audit.test"]


class TestNavigation:
    async def test_has_the_ledger_for_officers_alone(self, portal: PortalDesk) -> None:
        portal.group.answers = {"GET governance/modules": []}
        for role in ("privacy-officer", "clinician", "operator", "trainer", "clerk"):
            await portal.sign_in(role)
            assert ('href="/ledger"' in (await portal.browser.get("/modules")).text) == (role == "privacy-officer")
