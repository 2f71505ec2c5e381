"""Proves what the rooms show, ask and send, before played services: every page in both languages, and with hostile values."""

import json
import re
from typing import Any, ClassVar

import pytest

from tests.portal.portal_desk import PortalDesk

ME = "9c287fb1-7a4f-45f5-a4bf-973816a0f0da"
HOSTILE = '<img src=x onerror="alert(1)">\u202eא'
AT = "2026-11-26T10:00:00Z"


def an_access(index: int, **more: Any) -> dict[str, Any]:
    known = {
        "index": index,
        "note": "n",
        "time": AT,
        "action": "read",
        "resourceType": "Observation",
        "outcome": "answered",
        "reason": None,
    }
    known |= {
        "status": 200,
        "purpose": "TREAT",
        "relationship": "participant",
        "profession": "clinician",
        "unit": "nord-urgences",
        "site": "nord",
    }
    return known | {"step": None, "emergency": False} | more


def a_statement(**more: Any) -> dict[str, Any]:
    evidence = {"number": 7, "replicas": 3, "stated": 3, "left": 0, "milliseconds": 9.5}
    known = {"id": "c-1", "patient": ME, "kind": "objection", "state": "active", "version": 1, "given_at": AT, "ended_at": None}
    return known | {"in_force_at": AT, "evidence": evidence, "words": {"units": ["nord-urgences"], "purposes": ["TREAT"]}} | more


def a_case(**more: Any) -> dict[str, Any]:
    line = {"id": "e3cd", "version": 1, "state": "suspected", "kind": "access", "rule": "bulk-lookup", "actor": "somebody", "site": "nord"}
    line |= {
        "opened_at": AT,
        "aware_at": None,
        "due_at": "2026-11-27T10:00:00Z",
        "overdue": False,
        "suspicion": "s",
        "log": "records.access",
    }
    clock = {"name": "assessment", "started_at": AT, "due_at": AT, "stopped_at": None, "overdue": True, "source": "EDPB 9/2022"}
    known = {"first": AT, "last": AT, "evidence": {"count": 20, "notes": ["n-1"], "title": "T"}, "clocks": [clock]}
    known |= {"timeline": [{"state": "suspected", "at": AT, "by": None, "reason": None}]}
    known |= {"affected": {"patients": 20, "accesses": 20, "through": 90, "computed_at": AT}}
    return line | known | {"reasons": {"confirmation": ["loss"], "dismissal": ["false-alarm"]}} | more


def a_review(**more: Any) -> dict[str, Any]:
    known = {"grant": "g-1", "state": "open", "patient": ME, "staff": "s-1", "site": "nord", "unit": "nord-urgences", "opened_at": AT}
    return known | {"ends_at": AT, "due_at": AT, "overdue": False, "reviewed_by": None, "reviewed_at": None, "case": None} | more


def a_module(**more: Any) -> dict[str, Any]:
    choices = [{"id": "a", "text": "A"}, {"id": "b", "text": "B"}]
    questions = [{"id": "who", "asks": "Who?", "several": True, "choices": choices}]
    known = {"id": "privacy-basics", "title": "Privacy basics", "validity_days": 365, "pass_mark": 1}
    return known | {"pages": [{"title": "One", "text": "First.\nSecond."}], "questions": questions} | more


def a_duty(**more: Any) -> dict[str, Any]:
    known = {"module": "privacy-basics", "title": "Privacy basics", "valid_until": AT, "state": "lapsed", "due": True, "through": "passed"}
    return known | more


def a_person(ident: str, name: str, *duties: dict[str, Any], **more: Any) -> dict[str, Any]:
    known = {"id": ident, "name": name, "profession": "clinician", "unit": "nord-medecine", "active": True, "login": "a", "lapsed": []}
    return known | {"reminded": {}, "duties": list(duties)} | more


def an_observation(value: float, at: str, **more: Any) -> dict[str, Any]:
    quantity = {"value": value, "unit": "mmHg"}
    return {"resourceType": "Observation", "code": {"text": "Pressure"}, "effectiveDateTime": at, "valueQuantity": quantity} | more


def a_bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    patient = {"resourceType": "Patient", "id": ME, "name": [{"family": "Essai", "given": ["Léa"]}], "birthDate": "1980-01-02"}
    return {"resourceType": "Bundle", "entry": [{"resource": one} for one in (patient, *resources)]}


def a_staff(*people: dict[str, Any]) -> dict[str, Any]:
    return {"site": "nord", "units": ["nord-medecine", "nord-urgences"], "staff": list(people)}


STAFF = a_staff(
    a_person("s-2", "Dr A", a_duty(state="fulfilled", due=False)),
    a_person("s-3", "Clerk B", a_duty(), a_duty(module="other", title="Other", due=False), unit="nord-urgences"),
    a_person("s-4", "Dr C", a_duty(state="fulfilled"), reminded={"privacy-basics": {"reminded_at": AT, "again": False}}),
    a_person("s-5", "Dr D", a_duty(), reminded={"privacy-basics": {"reminded_at": AT, "again": True}}),
)


def an_erasure(**more: Any) -> dict[str, Any]:
    return {"id": "er-1", "patient": ME, "grounds": "person-asked", "proposed_at": AT, "own": True} | more


A_DUE = {"thing": "Case", "id": "e3cd", "about": "bulk-lookup", "due_at": AT, "overdue": True}


def a_request(**more: Any) -> dict[str, Any]:
    known = {
        "id": "r-1",
        "version": 1,
        "kind": "question",
        "state": "answered",
        "patient": ME,
        "site": "nord",
        "asked_at": AT,
        "due_at": AT,
    }
    known |= {"overdue": True, "extended_at": None, "outcome": "explained", "answered_at": AT, "words": "Who is that?", "entries": [9, 8]}
    known |= {"extension": "", "answer": "The night shift.", "answered_by": "o-1", "case": None, "source": "GDPR", "may_extend": False}
    return known | {"outcomes": []} | more


MESSAGE = {"id": "m", "at": AT, "about": "emergency-in-your-record", "subject": "Your record", "text": "Was opened.", "values": {}}

NAMES = {"GET governance/names": {"names": {"somebody": "Dr Anne Essai", "s-1": "Dr Anne Essai"}}}


def a_search(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    found = {"entries": list(entries), "looked": len(entries), "following": None, "through": AT}
    return {"GET audit/log/records.access/entries": found | {"from": AT, "to": "2026-11-26T11:00:00Z"} | more}


PAGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "/choices": ("patient", "Urgences", {"GET consent/consents": [a_statement(), a_statement(id="c-2", state="inactive", ended_at=AT)]}),
    "/choices/c-1": ("patient", "9.5|9,5", {"GET consent/consents": [a_statement()]}),
    "/choices/new?what=unit&of=nord-urgences": ("patient", "Urgences", {}),
    "/choices/new?what=research": ("patient", "research|recherche", {}),
    "/trail": (
        "patient",
        "participate|take part|participe",
        {
            f"GET audit/log/records.access/trail/{ME}": {
                "accesses": [an_access(9), an_access(8, actor="somebody"), an_access(7, outcome="refused")],
                "following": 7,
            },
            **NAMES,
        },
    ),
    f"/trail/{ME}": (
        "privacy-officer",
        "the-account",
        {f"GET audit/log/records.access/trail/{ME}": {"accesses": [an_access(9, actor="the-account")], "following": None}, **NAMES},
    ),
    "/ledger": ("privacy-officer", "31 days|31 jours", {}),
    f"/ledger?from=2026-11-26T10:00&patient={ME}&outcome=refused&unit=nord-urgences": (
        "privacy-officer",
        "Dr Anne Essai",
        a_search(an_access(9, actor="somebody", patient=ME, outcome="refused"), an_access(8, actor=None, patient=None)) | NAMES,
    ),
    "/trail?log=consent": (
        "patient",
        "your choices|vos choix",
        {f"GET audit/log/consent.access/trail/{ME}": {"accesses": [an_access(9, resourceType="Consent")], "following": None}},
    ),
    f"/trail/{ME}?log=audit": (
        "privacy-officer",
        "holds nothing|encore rien",
        {f"GET audit/log/audit.access/trail/{ME}": {"accesses": [], "following": None}},
    ),
    "/messages": ("patient", "Was opened", {"GET notifier/messages": {"messages": [MESSAGE]}}),
    "/cases": ("privacy-officer", "Many charts|Beaucoup", {"GET notifier/cases": {"cases": [a_case()], "following": "x"}}),
    "/cases/e3cd": ("privacy-officer", "Dr Anne Essai", {"GET notifier/cases/e3cd": a_case(), **NAMES}),
    "/cases/e3cd/patients": (
        "privacy-officer",
        ME,
        {"GET notifier/cases/e3cd/patients": {"patients": [ME], "total": 1, "through": 90, "following": None}},
    ),
    "/reviews": ("privacy-officer", "Urgences", {"GET notifier/reviews": {"reviews": [a_review()], "following": None}}),
    "/reviews/g-1": (
        "privacy-officer",
        "unconscious",
        {
            "GET notifier/reviews/g-1": a_review(),
            f"GET records/charts/{ME}/emergencies/g-1": {"reason": "unconscious, nobody reachable", "followed_up": False},
            **NAMES,
        },
    ),
    "/today": (
        "privacy-officer",
        "Many charts|Beaucoup",
        {
            "GET notifier/due": {
                "counts": {"Case": 1, "Review": 0, "Request": 2},
                "first": [A_DUE, A_DUE | {"thing": "Request", "about": "copy"}],
            }
        },
    ),
    "/erasures": (
        "privacy-officer",
        "another officer must|un autre délégué doit",
        {"GET records/erasures": {"erasures": [an_erasure(), an_erasure(id="er-2", own=False)]}},
    ),
    "/rights": ("patient", "night shift", {"GET notifier/requests/mine": {"requests": [a_request(), a_request(words=None, entries=None)]}}),
    "/rights/new?kind=question&entry=9&entry=8": ("patient", 'name="entry" value="9"', {}),
    "/rights/new?kind=copy": ("patient", "first copy|première copie", {}),
    "/requests": ("privacy-officer", "visit|visite", {"GET notifier/requests": {"requests": [a_request()], "following": "r-1"}}),
    "/requests/r-1": ("privacy-officer", "Who is that", {"GET notifier/requests/r-1": a_request()}),
    "/requests/r-2": (
        "privacy-officer",
        "Who is that",
        {
            "GET notifier/requests/r-2": a_request(
                id="r-2", state="open", outcome=None, outcomes=["explained", "case-opened"], may_extend=True
            )
        },
    ),
    "/modules": ("clerk", "Privacy basics", {"GET governance/modules": [a_duty()]}),
    "/modules/privacy-basics": ("clerk", "Who\\?", {"GET governance/modules/privacy-basics": a_module()}),
    "/staff": ("trainer", "Dr A", {"GET governance/staff": STAFF}),
    "/charts": ("clinician", "number|numéro", {}),
    f"/charts/{ME}": (
        "clinician",
        "Léa Essai",
        {f"GET records/fhir/Patient/{ME}/$everything": a_bundle(an_observation(120, "2026-01-01"), an_observation(130.5, "2026-02-01"))},
    ),
}


def spoiled(value: Any, hostile: str = HOSTILE) -> Any:
    """Every text replaced, but for what addresses and states are made of."""
    if isinstance(value, dict):
        kept = {"id", "grant", "patient", "module", "state", "resourceType", "kind", "following", "case", "patients", "reasons", "thing"}
        return {name: one if name in kept else spoiled(one, hostile) for name, one in value.items()}
    if isinstance(value, list):
        return [spoiled(one, hostile) for one in value]
    return hostile if isinstance(value, str) else value


class TestEveryPage:
    @pytest.mark.parametrize("language", ["fr", "en"])
    @pytest.mark.parametrize("path", PAGES)
    async def test_shows_what_the_services_say(self, portal: PortalDesk, path: str, language: str) -> None:
        role, shown, portal.group.answers = PAGES[path]
        await portal.sign_in(role, patient=ME)

        answer = await portal.browser.get(path, headers={"accept-language": language})

        assert answer.status_code == 200
        assert re.search(shown, answer.text)
        assert f'<html lang="{language}">' in answer.text
        assert {request.headers["accept-language"] for request in portal.group.asked} <= {language}
        assert all(request.headers["authorization"].startswith("Bearer ey") for request in portal.group.asked)

    @pytest.mark.parametrize("path", PAGES)
    async def test_runs_nothing_that_is_hidden_in_a_text(self, portal: PortalDesk, path: str) -> None:
        role, _shown, answers = PAGES[path]
        portal.group.answers = spoiled(answers)
        await portal.sign_in(role, patient=ME)

        answer = await portal.browser.get(path)

        assert answer.status_code == 200
        assert "<img src=x" not in answer.text

    @pytest.mark.parametrize("path", [path for path, (_role, _shown, answers) in PAGES.items() if answers])
    async def test_says_which_service_is_silent(self, portal: PortalDesk, path: str) -> None:
        role, _shown, answers = PAGES[path]
        portal.group.silent = {"audit", "consent", "notifier", "governance", "records-a", "records-b"}
        await portal.sign_in(role, patient=ME)

        answer = await portal.browser.get(path)

        assert answer.status_code == 503
        said = {
            "consent": "the patients’ choices",
            "notifier": "cases and messages",
            "governance": "staff and training",
            "records": "the records",
            "audit": "the ledger",
        }
        assert f"{said[next(iter(answers)).split()[1].split('/')[0]]} does not answer" in answer.text

    @pytest.mark.parametrize("path", PAGES)
    async def test_leads_who_is_not_signed_in_there(self, portal: PortalDesk, path: str) -> None:
        answer = await portal.browser.get(path)

        assert answer.status_code == 401
        assert f'name="goal" value="{path.partition("?")[0]}"' in answer.text
        assert portal.group.asked == []

    @pytest.mark.parametrize("path", PAGES)
    async def test_tells_what_a_service_refused_in_its_own_words(self, portal: PortalDesk, path: str) -> None:
        role, _shown, answers = PAGES[path]
        said = {"type": "urn:serment:problem:not-yours", "detail": "Not yours, and here is why."}
        portal.group.answers = dict.fromkeys(answers, (403, said))
        await portal.sign_in(role, patient=ME)

        answer = await portal.browser.get(path)

        assert ("Not yours, and here is why." in answer.text) == bool(answers)


class TestAddresses:
    @pytest.mark.parametrize("path", ["/cases/a%3Fstate=x", "/cases/a%23b", "/trail/a%20b", "/modules/é", "/charts/" + "x" * 65])
    async def test_lead_nowhere_else(self, portal: PortalDesk, path: str) -> None:
        await portal.sign_in("privacy-officer")

        answer = await portal.browser.get(path)

        assert answer.status_code in {404, 422}
        assert portal.group.asked == []


class TestSigningIn:
    @pytest.mark.parametrize(
        ("goal", "reached"),
        [
            ("/cases/e3cd", "/cases/e3cd"),
            ("", "/"),
            ("//evil.test", "/"),
            ("https://evil.test/", "/"),
            ("/\\evil.test", "/"),
            ("/cases/../x?y", "/"),
            ("/a\r\nset-cookie: x", "/"),
        ],
    )
    async def test_leads_to_the_page_that_was_wanted_and_never_elsewhere(self, portal: PortalDesk, goal: str, reached: str) -> None:
        left = await portal.browser.post("/sign-in", data={"goal": goal})

        back = await portal.browser.get(f"/callback?{portal.provider.authorize(left.headers['location'])}")

        assert (back.status_code, back.headers["location"]) == (303, reached)

    @pytest.mark.parametrize(
        ("role", "home"), [("patient", "/trail"), ("clinician", "/charts"), ("trainer", "/staff"), ("clerk", "/charts")]
    )
    async def test_brings_each_to_their_own_room(self, portal: PortalDesk, role: str, home: str) -> None:
        await portal.sign_in(role)

        answer = await portal.browser.get("/")

        assert (answer.status_code, answer.headers["location"]) == (303, home)


FORMS: dict[str, tuple[str, str, dict[str, Any], str, dict[str, Any], dict[str, str]]] = {
    "/choices": (
        "/choices/new?what=unit&of=nord-urgences",
        "POST consent/consents",
        {"what": "unit", "of": "nord-urgences", "key": "k"},
        "/choices/c-1",
        {"patient": ME, "kind": "objection", "purposes": ["TREAT"], "units": ["nord-urgences"]},
        {"idempotency-key": "k", "x-purpose-of-use": "PATRQT"},
    ),
    "/choices/c-1/withdrawal": (
        "/choices",
        "POST consent/consents/c-1/withdrawal",
        {"key": "k"},
        "/choices/c-1",
        {},
        {"idempotency-key": "k", "x-purpose-of-use": "PATRQT"},
    ),
    "/cases/e3cd/confirmation": (
        "/cases/e3cd",
        "POST notifier/cases/e3cd/confirmation",
        {"version": "1", "reason": "loss"},
        "/cases/e3cd",
        {"reason": "loss"},
        {"if-match": '"1"', "x-purpose-of-use": "HCOMPL"},
    ),
    "/rights": (
        "/rights/new?kind=question&entry=9&entry=8",
        "POST notifier/requests",
        {"kind": "question", "words": " Who is that? ", "entry": ["9", "8", "x"], "key": "k"},
        "/rights",
        {"kind": "question", "words": "Who is that?", "entries": [9, 8]},
        {"idempotency-key": "k", "x-purpose-of-use": "PATRQT"},
    ),
    "/erasures": (
        "/erasures",
        f"POST records/charts/{ME}/erasures",
        {"patient": f" {ME.upper()} ", "grounds": "unlawful"},
        "/erasures",
        {"grounds": "unlawful"},
        {"x-purpose-of-use": "RECORDMGT"},
    ),
    "/requests/r-2/answer": (
        "/requests/r-2",
        "POST notifier/requests/r-2/answer",
        {"version": "1", "outcome": "explained", "words": "The night shift."},
        "/requests/r-2",
        {"words": "The night shift.", "outcome": "explained"},
        {"if-match": '"1"', "x-purpose-of-use": "HCOMPL"},
    ),
    "/requests/r-2/extension": (
        "/requests/r-2",
        "POST notifier/requests/r-2/extension",
        {"version": "1", "words": "Two laboratories."},
        "/requests/r-2",
        {"words": "Two laboratories.", "outcome": ""},
        {"if-match": '"1"', "x-purpose-of-use": "HCOMPL"},
    ),
    "/reviews/g-1": (
        "/reviews/g-1",
        "POST notifier/reviews/g-1",
        {"finding": "justified"},
        "/reviews/g-1",
        {"finding": "justified"},
        {"x-purpose-of-use": "HCOMPL"},
    ),
}


STAFF_FORMS = ["/staff/s-2/duties/privacy-basics", "/staff/s-2/duties/privacy-basics/reminder", "/staff/reminders"]


class TestEveryForm:
    @pytest.mark.parametrize("path", FORMS)
    async def test_asks_the_service_with_what_was_chosen(self, portal: PortalDesk, path: str) -> None:
        page, asks, fields, leads_to, sent, headers = FORMS[path]
        role, _shown, answers = PAGES[page]
        portal.group.answers = answers | {asks: a_statement()}
        await portal.sign_in(role, patient=ME)

        answer = await portal.send(page, path, **fields)

        asked = portal.group.asked[-1]
        assert (answer.status_code, answer.headers["location"]) == (303, leads_to)
        assert json.loads(asked.content) == sent
        assert {name: asked.headers[name] for name in headers} == headers

    @pytest.mark.parametrize("path", [*FORMS, "/modules/privacy-basics", *STAFF_FORMS, f"/charts/{ME}/emergency"])
    async def test_changes_nothing_without_its_token(self, portal: PortalDesk, path: str) -> None:
        await portal.sign_in("privacy-officer", patient=ME)

        for given in ({}, {"form-token": "0" * 64}):
            assert (await portal.browser.post(path, data=given)).status_code == 403

        assert [request for request in portal.group.asked if request.method != "GET"] == []


class TestFormsOfOtherSites:
    @pytest.mark.parametrize("path", [*FORMS, "/modules/privacy-basics", *STAFF_FORMS, f"/charts/{ME}/emergency"])
    async def test_are_refused_even_with_the_token(self, portal: PortalDesk, path: str) -> None:
        role, _shown, portal.group.answers = PAGES["/cases/e3cd"]
        await portal.sign_in(role, patient=ME)
        portal.browser.headers["sec-fetch-site"] = "cross-site"

        answer = await portal.send("/cases/e3cd", path, reason="loss", version="1")

        assert answer.status_code == 403
        assert "does not come from a page of yours" in answer.text
        assert [request for request in portal.group.asked if request.method != "GET"] == []


class TestCharts:
    async def test_says_why_it_is_shut_and_offers_the_way_in(self, portal: PortalDesk) -> None:
        issue = {"details": {"coding": [{"code": "access-refused"}], "text": "You are not in the care team."}}
        everything = f"GET records/fhir/Patient/{ME}/$everything"
        portal.group.answers = {everything: (403, {"resourceType": "OperationOutcome", "issue": [issue]})}
        portal.group.answers[f"POST records/charts/{ME}/emergency"] = (201, {"id": "g", "ends_at": AT})
        await portal.sign_in("clinician")

        shut = await portal.browser.get(f"/charts/{ME}")
        broken = await portal.send(f"/charts/{ME}", f"/charts/{ME}/emergency", reason="unconscious, nobody reachable")

        assert shut.status_code == 403
        assert "You are not in the care team." in shut.text
        assert json.loads(portal.group.asked[-1].content) == {"reason": "unconscious, nobody reachable"}
        assert broken.headers["location"] == f"/charts/{ME}?emergency=true"

    async def test_asks_about_an_emergency_only_after_one_was_opened(self, portal: PortalDesk) -> None:
        role, _shown, answers = PAGES[f"/charts/{ME}"]
        portal.group.answers = answers | {f"GET records/charts/{ME}/emergency": {"id": "g", "ends_at": AT}}
        await portal.sign_in(role)

        plain, after = [(await portal.browser.get(f"/charts/{ME}{query}")).text for query in ("", "?emergency=true")]

        assert "Open by emergency until" not in plain
        assert "Open by emergency until" in after
        assert [request.url.path.rpartition("/")[2] for request in portal.group.asked] == ["$everything", "$everything", "emergency"]

    async def test_goes_to_the_other_replica_when_one_is_away(self, portal: PortalDesk) -> None:
        role, shown, portal.group.answers = PAGES[f"/charts/{ME}"]
        portal.group.silent = {"records-a"}
        await portal.sign_in(role)

        assert shown in (await portal.browser.get(f"/charts/{ME}")).text

    async def test_asks_kind_by_kind_for_a_very_long_chart(self, portal: PortalDesk) -> None:
        """Newer measurements must not push problems and medication off the page."""
        long = a_bundle(an_observation(120, "2026-01-01")) | {"link": [{"relation": "next", "url": "x"}]}
        portal.group.answers = {f"GET records/fhir/Patient/{ME}/$everything": long}
        await portal.sign_in("clinician")

        shown = await portal.browser.get(f"/charts/{ME}")

        asked = [dict(request.url.params) for request in portal.group.asked]
        assert asked[0] == {"_count": "400"}
        assert {one.get("_type", "").partition(",")[0] for one in asked[1:]} == {"Patient", "Observation", "Encounter"}
        assert "Léa Essai" in shown.text

    async def test_draws_what_has_days_with_uplot_and_the_rest_as_it_is(self, portal: PortalDesk) -> None:
        days = [an_observation(120, "2026-01-01"), an_observation(130, "2026-02-01T08:00:00Z")]
        months = [an_observation(1, "2026-01", code={"text": "Weight"}), an_observation(2, "2026-02", code={"text": "Weight"})]
        portal.group.answers = {f"GET records/fhir/Patient/{ME}/$everything": a_bundle(*days, *months)}
        await portal.sign_in("clinician")

        shown = (await portal.browser.get(f"/charts/{ME}")).text

        assert re.findall('data-plot="([^"]*)"', shown) == ["[[1767225600.0,1769932800.0],[120.0,130.0]]"]
        assert shown.count("<polyline") == 2

    async def test_leads_to_the_records_own_number(self, portal: PortalDesk) -> None:
        await portal.sign_in("clinician")

        found = await portal.send("/charts", "/charts", number=f" {ME.upper()} ")

        assert found.headers["location"] == f"/charts/{ME}"

    async def test_finds_by_form_so_that_no_name_stands_in_an_address(self, portal: PortalDesk) -> None:
        patient = {"resourceType": "Patient", "id": ME, "name": [{"family": HOSTILE}], "birthDate": "1951-02-03"}
        masked = {"resourceType": "Patient", "id": "p-2", "meta": {"tag": [{"code": "SUBSETTED"}]}}
        found = {"resourceType": "Bundle", "entry": [{"resource": masked}, {"resource": patient}]}
        portal.group.answers = {"POST records/fhir/Patient/_search": found}
        await portal.sign_in("clinician")

        shown = await portal.send("/charts", "/charts", family="Essai", born="1951-02-03", number="")

        [asked] = [one for one in portal.group.asked if one.url.path.endswith("_search")]
        assert (asked.content, asked.url.query) == (b"family=Essai&birthdate=1951-02-03", b"")
        assert asked.headers["x-purpose-of-use"] == "TREAT"
        assert "<img src=x" not in shown.text
        assert shown.text.index(f'href="/charts/{ME}"') < shown.text.index('href="/charts/p-2"')
        assert re.search("shut for you|fermé", shown.text)

    async def test_teaches_how_to_search_when_nobody_is_found(self, portal: PortalDesk) -> None:
        portal.group.answers = {"POST records/fhir/Patient/_search": {"resourceType": "Bundle", "total": 0}}
        await portal.sign_in("clinician")

        assert re.search("Nobody found|Personne", (await portal.send("/charts", "/charts", number="1")).text)

    async def test_says_what_is_missing(self, portal: PortalDesk) -> None:
        issue = {"details": {"coding": [{"code": "unsupported-search"}], "text": "x"}}
        portal.group.answers = {"POST records/fhir/Patient/_search": (400, {"resourceType": "OperationOutcome", "issue": [issue]})}
        await portal.sign_in("clinician")

        answer = await portal.send("/charts", "/charts", family="Dupont")

        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert "Dupont" not in answer.text


class TestTenThousand:
    """No service answers so many on one page; a page that gets them stands all the same."""

    @pytest.mark.parametrize(
        ("role", "path", "answers"),
        [
            (
                "patient",
                "/trail",
                {f"GET audit/log/records.access/trail/{ME}": {"accesses": [an_access(n) for n in range(10_000)], "following": None}},
            ),
            ("privacy-officer", "/cases", {"GET notifier/cases": {"cases": [a_case(id=str(n)) for n in range(10_000)], "following": None}}),
            (
                "clinician",
                f"/charts/{ME}",
                {f"GET records/fhir/Patient/{ME}/$everything": a_bundle(*(an_observation(n, "2026-01-01") for n in range(10_000)))},
            ),
        ],
    )
    async def test_entries_are_a_page(self, portal: PortalDesk, role: str, path: str, answers: dict[str, Any]) -> None:
        portal.group.answers = answers
        await portal.sign_in(role, patient=ME)

        answer = await portal.browser.get(path)

        assert (answer.status_code, "</html>" in answer.text) == (200, True)
        assert answer.text.count("&amp;entry=") <= 100
        assert answer.text.count("<polyline") <= 12


class TestErasures:
    async def test_are_confirmed_by_who_says_that_they_checked(self, portal: PortalDesk) -> None:
        erased = {"id": "er-2", "state": "destroyed", "proposed_at": AT, "destroyed_at": AT}
        portal.group.answers = PAGES["/erasures"][2] | {"POST records/erasures/er-2/confirmation": erased}
        await portal.sign_in("privacy-officer")

        unsure = await portal.send("/erasures", "/erasures/er-2")
        sure = await portal.send("/erasures", "/erasures/er-2", sure="yes")

        assert (unsure.status_code, sure.status_code) == (422, 200)
        assert len([request for request in portal.group.asked if request.method == "POST"]) == 1
        assert re.search("is erased|est effacé", sure.text)

    async def test_want_the_number_of_a_record(self, portal: PortalDesk) -> None:
        portal.group.answers = PAGES["/erasures"][2]
        await portal.sign_in("privacy-officer")

        answer = await portal.send("/erasures", "/erasures", patient="Jeanne Canari", grounds="unlawful")

        assert (answer.status_code, "Canari" in answer.text) == (422, False)
        assert [request for request in portal.group.asked if request.method == "POST"] == []


class TestAPerson:
    PATIENT: ClassVar = {
        "resourceType": "Patient",
        "id": ME,
        "name": [{"family": "Essai", "given": ["Léa"]}],
        "telecom": [{"system": "phone", "value": "+33 1 99 00 00 00"}, {"system": "email"}],
        "address": [{"line": ["1 rue d’Essai"], "postalCode": "99000", "city": "Testville"}, {}],
        "identifier": [{"system": "urn:oid:1.2.250", "value": "42"}, {"type": {"text": HOSTILE}, "value": HOSTILE}],
    }

    async def test_is_shown_to_the_admissions_desk_without_what_is_medical(self, portal: PortalDesk) -> None:
        portal.group.answers = {f"GET records/fhir/Patient/{ME}": self.PATIENT}
        await portal.sign_in("clerk")

        shown = (await portal.browser.get(f"/charts/{ME}")).text

        [asked] = portal.group.asked
        assert (asked.url.path, asked.headers["x-purpose-of-use"]) == (f"/fhir/Patient/{ME}", "PATADMIN")
        assert all(word in shown for word in ("Léa Essai", "+33 1 99 00 00 00", "1 rue d’Essai, 99000 Testville", "42", "urn:oid:1.2.250"))
        assert "<img src=x" not in shown

    async def test_is_found_for_the_desks_own_purpose(self, portal: PortalDesk) -> None:
        portal.group.answers = {"POST records/fhir/Patient/_search": {"resourceType": "Bundle"}}
        await portal.sign_in("clerk")

        await portal.send("/charts", "/charts", number="42")

        assert portal.group.asked[-1].headers["x-purpose-of-use"] == "PATADMIN"

    async def test_without_anything_is_a_page_all_the_same(self, portal: PortalDesk) -> None:
        portal.group.answers = {f"GET records/fhir/Patient/{ME}": {"resourceType": "Patient", "id": ME}}
        await portal.sign_in("clerk")

        assert (await portal.browser.get(f"/charts/{ME}")).status_code == 200


class TestProof:
    async def test_is_handed_over_as_it_is(self, portal: PortalDesk) -> None:
        portal.group.answers = {"GET audit/log/records.access/proof/n": "c2sp.org/tlog-proof@v1"}
        await portal.sign_in("privacy-officer")

        answer = await portal.browser.get("/proof/n")

        assert "tlog-proof" in answer.text
        assert answer.headers["content-disposition"].startswith("attachment")


class TestTraining:
    async def test_tells_what_was_wrong_and_why(self, portal: PortalDesk) -> None:
        wrong = [{"question": "who", "explanation": "Because."}]
        marked = {"passed": False, "right": 0, "needed": 1, "valid_until": AT, "wrong": wrong}
        portal.group.answers = {
            "GET governance/modules/privacy-basics": a_module(),
            "POST governance/modules/privacy-basics/attempts": marked,
        }
        await portal.sign_in("clerk")

        answer = await portal.send("/modules/privacy-basics", "/modules/privacy-basics", **{"q-who": ["a", "b"]})

        sent = next(request for request in portal.group.asked if request.method == "POST")
        assert json.loads(sent.content) == {"answers": {"who": ["a", "b"]}}
        assert "Because." in answer.text

    async def test_ends_a_duty_at_once(self, portal: PortalDesk) -> None:
        portal.group.answers = {"GET governance/staff": STAFF, "PUT governance/staff/s-2/duties/privacy-basics": {}}
        await portal.sign_in("trainer")

        answer = await portal.send("/staff", "/staff/s-2/duties/privacy-basics")

        assert answer.headers["location"] == "/staff"
        assert portal.group.asked[-1].method == "PUT"


def reminding(*idents: str) -> dict[str, Any]:
    answer = {"sent": True, "reminded_at": AT}
    return {"GET governance/staff": STAFF} | {f"POST governance/staff/{ident}/duties/privacy-basics/reminder": answer for ident in idents}


def reminded(portal: PortalDesk) -> list[str]:
    return [request.url.path.split("/")[2] for request in portal.group.asked if request.method == "POST"]


class TestStaff:
    async def test_shows_first_who_is_due_and_offers_a_reminder(self, portal: PortalDesk) -> None:
        portal.group.answers = reminding()
        await portal.sign_in("trainer")

        due = (await portal.browser.get("/staff")).text.partition("Everybody</h2>")[0]

        assert [name for name in ("Dr A", "Clerk B", "Dr C", "Dr D") if name in due] == ["Clerk B", "Dr C", "Dr D"]
        assert due.count("Send a reminder</button>") == 2
        assert due.count("Reminder sent") == 2
        assert "Remind everybody who is due (2)" in due
        assert "26 Nov 2026, 11:00" in due

    async def test_sends_one_reminder_and_comes_back_to_the_same_choice(self, portal: PortalDesk) -> None:
        portal.group.answers = reminding("s-3")
        await portal.sign_in("trainer")

        answer = await portal.send("/staff?unit=nord-urgences", "/staff/s-3/duties/privacy-basics/reminder", unit="nord-urgences")

        assert (answer.status_code, answer.headers["location"]) == (303, "/staff?unit=nord-urgences")
        assert reminded(portal) == ["s-3"]

    @pytest.mark.parametrize(("chosen", "told"), [({}, ["s-3", "s-5"]), ({"unit": "nord-urgences"}, ["s-3"]), ({"module": "other"}, [])])
    async def test_reminds_everybody_who_is_shown_and_was_not_yet(
        self, portal: PortalDesk, chosen: dict[str, str], told: list[str]
    ) -> None:
        portal.group.answers = reminding("s-3", "s-5")
        await portal.sign_in("trainer")

        answer = await portal.send("/staff", "/staff/reminders", **chosen)

        assert answer.status_code == 303
        assert sorted(reminded(portal)) == told

    @pytest.mark.parametrize(
        ("query", "shown"),
        [
            ("", ["Dr A", "Clerk B", "Dr C", "Dr D"]),
            ("?unit=nord-urgences", ["Clerk B"]),
            ("?module=other", ["Clerk B"]),
            ("?unit=nord-medecine&module=other", []),
        ],
    )
    async def test_shows_those_who_were_chosen(self, portal: PortalDesk, query: str, shown: list[str]) -> None:
        portal.group.answers = reminding()
        await portal.sign_in("trainer")

        text = (await portal.browser.get(f"/staff{query}")).text

        assert [name for name in ("Dr A", "Clerk B", "Dr C", "Dr D") if f'<th scope="row">{name}' in text] == shown
        assert "Other</option>" in text

    @pytest.mark.parametrize(("query", "said"), [("", "holds for more than thirty days"), ("?unit=nord-urgences", "Choose every unit")])
    async def test_teaches_when_nobody_is_due(self, portal: PortalDesk, query: str, said: str) -> None:
        portal.group.answers = {"GET governance/staff": a_staff(a_person("s-2", "Dr A", a_duty(state="fulfilled", due=False)))}
        await portal.sign_in("trainer")

        text = (await portal.browser.get(f"/staff{query}")).text

        assert said in text
        assert "Remind everybody" not in text

    async def test_repeats_no_choice_that_is_none(self, portal: PortalDesk) -> None:
        await portal.sign_in("trainer")

        assert (await portal.browser.get("/staff", params={"unit": '"><b>'})).status_code == 422
