"""Proves what the doors answer, to whom, and that each answer has its notes before it leaves."""

import asyncio
import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from services.notifier.api import router
from services.notifier.cases.open_case import open_case
from services.notifier.cases.opening import case_ident
from services.notifier.reviews.open_review import open_review
from shared.mongo import MongoError
from shared.vault import VaultUnavailableError
from tests.notifier.notifier_desk import (
    HOUR,
    NOW,
    ODILE,
    OTHER_PATIENT,
    PATIENT,
    PEOPLE,
    CrashingMongo,
    NotifierDesk,
    a_suspicion,
    about_the_ledger,
    affected,
    an_emergency,
    as_,
    facts,
    open_door,
)

CASE = case_ident("bulk-lookup/clerk/s1")
CONFIRM = {"reason": "unauthorised-access"}
PLACES = ["/cases", f"/cases/{CASE}", f"/cases/{CASE}/patients", "/reviews", "/due"]
POSTS = {
    f"/cases/{CASE}/confirmation": CONFIRM,
    f"/cases/{CASE}/dismissal": {"reason": "false-alarm"},
    f"/cases/{CASE}/closing": {"reason": "risk-unlikely"},
    "/reviews/grant-1": {"finding": "justified"},
}


@pytest.fixture(autouse=True)
async def opened(desk: NotifierDesk) -> None:
    await open_case(a_suspicion(), now=NOW, desk=desk.things)
    await open_review(an_emergency(), now=NOW, desk=desk.things)


def slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[1]


class TestRoles:
    @pytest.mark.parametrize("place", [*PLACES, "/messages"])
    async def test_open_reading_to_whom_it_is_for(self, client: httpx.AsyncClient, place: str) -> None:
        officers, patients = {"odile", "paul"}, {"patient", "other-patient"}
        expected = patients if place == "/messages" else officers | (set() if CASE in place else {"simone"})

        answers = {who: await client.get(place, headers=as_(who)) for who in (*PEOPLE, "nobody", "incomplete")}

        assert {who for who, answer in answers.items() if answer.status_code == 200} == expected
        assert {who for who, answer in answers.items() if answer.status_code not in {200, 403}} == {"nobody"}
        assert answers["nobody"].status_code == 401
        assert {answer.headers["cache-control"] for answer in answers.values()} == {"no-store"}

    @pytest.mark.parametrize("place", POSTS)
    async def test_open_deciding_to_officers_of_the_site(self, desk: NotifierDesk, client: httpx.AsyncClient, place: str) -> None:
        others = [name for name in PEOPLE if name not in {"odile", "paul"}]

        answers = [await client.post(place, json=POSTS[place], headers=as_(who, version=1)) for who in others]

        assert {(answer.status_code, answer.headers["content-type"]) for answer in answers} == {(403, "application/problem+json")}
        assert len(await desk.stated()) == 1
        assert facts(await desk.noted(), "outcome", "status") == [("refused", 403)] * len(others)

    async def test_let_a_purpose_be_chosen_among_the_tokens_own(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/cases", headers=as_("both"))).status_code == 403
        assert (await client.get("/cases", headers=as_("both") | {"x-purpose-of-use": "HCOMPL"})).status_code == 200
        assert slug(await client.get("/cases", headers=as_("both") | {"x-purpose-of-use": "RECORDMGT"})) == "not-yours"

    async def test_learn_nothing_by_an_id_when_it_is_not_for_them(self, client: httpx.AsyncClient) -> None:
        known, unknown = [await client.get(f"/cases/{ident}", headers=as_("clinician")) for ident in (CASE, "none")]

        assert known.content == unknown.content

    def test_are_declared_by_each_route(self) -> None:
        declared = {route.path: (route.openapi_extra or {}).get("x-professions") for route in router.routes if isinstance(route, APIRoute)}

        assert {path: who for path, who in declared.items() if who != ["privacy-officer"]} == {"/messages": ["patient"]}


class TestDue:
    async def test_tells_the_first_due_first_and_names_no_patient(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        await client.post("/requests", json={"kind": "copy", "words": "A copy, please, of all."}, headers=as_("patient"))
        await open_case(a_suspicion("s2", site="sud"), now=NOW, desk=desk.things)

        at_nord, at_sud = [(await client.get("/due", headers=as_(who))).json() for who in ("odile", "simone")]

        assert at_nord["counts"] == {"Case": 1, "Review": 1, "Request": 1}
        assert [(one["thing"], one["about"]) for one in at_nord["first"]] == [
            ("Case", "bulk-lookup"),
            ("Review", "nord-urgences"),
            ("Request", "copy"),
        ]
        assert at_sud["counts"] == {"Case": 1, "Review": 0, "Request": 0}
        assert PATIENT not in str(at_nord)
        assert facts(await desk.noted(), "resourceType", "patient", "count")[-2:] == [("Case", None, 3), ("Case", None, 1)]


class TestCases:
    async def test_list_what_the_site_watches_over_and_what_the_group_does(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        await open_case(about_the_ledger(), now=NOW + HOUR, desk=desk.things)
        await open_case(a_suspicion("s2", site="sud"), now=NOW + 2 * HOUR, desk=desk.things)

        at_nord, at_sud = [(await client.get("/cases", headers=as_(who))).json()["cases"] for who in ("odile", "simone")]

        assert [case["rule"] for case in at_nord] == ["gap", "bulk-lookup"]
        assert [case["site"] for case in at_sud] == ["sud", None]

    async def test_go_on_page_by_page(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        for number in range(104):
            await open_case(a_suspicion(f"x{number}"), now=NOW + number // 3 * HOUR, desk=desk.things)

        first = (await client.get("/cases", headers=as_("odile"))).json()
        second = (await client.get(f"/cases?after={first['following']}", headers=as_("odile"))).json()

        listed = first["cases"] + second["cases"]
        assert (len(first["cases"]), len(second["cases"]), second["following"]) == (100, 5, None)
        assert len({case["id"] for case in listed}) == 105
        assert [case["opened_at"] for case in listed] == sorted((case["opened_at"] for case in listed), reverse=True)

    @pytest.mark.parametrize(("state", "count"), [("suspected", 1), ("closed", 0), ("unheard-of", 0)])
    async def test_are_chosen_by_state(self, client: httpx.AsyncClient, state: str, count: int) -> None:
        assert len((await client.get(f"/cases?state={state}", headers=as_("odile"))).json()["cases"]) == count

    async def test_show_evidence_clocks_and_timeline(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        await desk.things.affected.keep(affected(CASE, PATIENT, OTHER_PATIENT, through=41))

        answer = await client.get(f"/cases/{CASE}", headers=as_("odile") | {"accept-language": "fr"})

        case = answer.json()
        assert answer.headers["etag"] == '"1"'
        assert case["evidence"]["count"] == 20
        assert [(clock["name"], datetime.fromisoformat(clock["due_at"]), clock["overdue"]) for clock in case["clocks"]] == [
            ("assessment", NOW + 24 * HOUR, False)
        ]
        assert case["clocks"][0]["source"].startswith("Règle de la maison")
        assert [(step["state"], step["by"]) for step in case["timeline"]] == [("suspected", None)]
        assert (case["affected"]["patients"], case["affected"]["through"]) == (2, 41)
        assert set(case["reasons"]) == {"confirmation", "dismissal"}
        assert PATIENT not in answer.text

    @pytest.mark.parametrize("ident", ["%00", "%ED%A0%80", "..%2F..", "x" * 3000, "$where"])
    async def test_are_not_found_under_what_is_no_reference(self, desk: NotifierDesk, client: httpx.AsyncClient, ident: str) -> None:
        for path in (f"/cases/{ident}", f"/cases/{ident}/patients"):
            assert (await client.get(path, headers=as_("odile"))).status_code == 404

        assert "$where" not in str(await desk.noted())
        assert (await client.get(f"/cases?after={ident}&state={ident}", headers=as_("odile"))).json()["cases"] == []

    async def test_are_noted_once_per_reading(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        for path in ("/cases", f"/cases/{CASE}", "/cases/unknown"):
            await client.get(path, headers=as_("odile"))

        assert facts(await desk.noted(), "action", "resourceType", "resource", "outcome", "status", "patient") == [
            ("search", "Case", None, "answered", 200, None),
            ("read", "Case", f"Case/{CASE}", "answered", 200, None),
            ("read", "Case", None, "not-found", 404, None),
        ]

    async def test_carry_the_id_of_their_note(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        answer = await client.get(f"/cases/{CASE}", headers=as_("odile"))

        assert [note["id"] for note in await desk.noted()] == [answer.headers["x-decision-id"]]


class TestPatients:
    async def test_are_a_hundred_a_page_each_with_a_note_of_their_own(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        everybody = [f"p{number:03}" for number in range(205)]
        await desk.things.affected.keep(affected(CASE, *everybody))

        pages, after = [], ""
        for _ in range(3):
            page = (await client.get(f"/cases/{CASE}/patients{after}", headers=as_("odile"))).json()
            pages.append(page)
            after = f"?after={page['following']}"

        assert [len(page["patients"]) for page in pages] == [100, 100, 5]
        assert [patient for page in pages for patient in page["patients"]] == everybody
        assert (pages[0]["total"], pages[2]["following"]) == (205, None)
        noted = [note["patient"] for note in await desk.noted()]
        assert sorted(filter(None, noted)) == everybody
        assert noted.count(None) == 3

    async def test_have_one_note_when_there_is_one(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        await desk.things.affected.keep(affected(CASE, PATIENT))

        answer = await client.get(f"/cases/{CASE}/patients", headers=as_("odile"))

        assert facts(await desk.noted(), "id", "patient", "count") == [(answer.headers["x-decision-id"], PATIENT, 1)]

    async def test_say_that_nothing_was_computed_yet(self, client: httpx.AsyncClient) -> None:
        page = (await client.get(f"/cases/{CASE}/patients", headers=as_("odile"))).json()

        assert page == {"patients": [], "total": None, "through": None, "following": None}

    async def test_are_noted_when_they_were_refused_too(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        await desk.things.affected.keep(affected(CASE, PATIENT, OTHER_PATIENT))

        assert (await client.get(f"/cases/{CASE}/patients", headers=as_("simone"))).status_code == 403

        assert facts(await desk.noted(), "patient", "outcome", "reason") == [
            (PATIENT, "refused", "watched-elsewhere"),
            (OTHER_PATIENT, "refused", "watched-elsewhere"),
            (None, "refused", "watched-elsewhere"),
        ]


class TestDecisions:
    async def test_start_the_authoritys_clock(self, client: httpx.AsyncClient) -> None:
        answer = await client.post(f"/cases/{CASE}/confirmation", json=CONFIRM, headers=as_("odile", version=1))

        case = answer.json()
        assert (answer.status_code, answer.headers["etag"], case["state"]) == (200, '"2"', "confirmed")
        assert case["clocks"][1]["name"] == "authority"
        assert case["timeline"][1] == {"state": "confirmed", "at": case["aware_at"], "by": ODILE, "reason": "unauthorised-access"}
        assert set(case["reasons"]) == {"closing"}

    async def test_lead_through_the_whole_life(self, client: httpx.AsyncClient) -> None:
        await client.post(f"/cases/{CASE}/confirmation", json=CONFIRM, headers=as_("odile", version=1))

        closed = await client.post(f"/cases/{CASE}/closing", json={"reason": "authority-notified"}, headers=as_("paul", version=2))

        assert (closed.json()["state"], closed.json()["due_at"], closed.json()["version"]) == ("closed", None, 3)

    async def test_are_taken_from_one_of_two_officers_at_once(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        answers = await asyncio.gather(
            client.post(f"/cases/{CASE}/confirmation", json=CONFIRM, headers=as_("odile", version=1)),
            client.post(f"/cases/{CASE}/dismissal", json={"reason": "false-alarm"}, headers=as_("paul", version=1)),
        )

        assert sorted(answer.status_code for answer in answers) == [200, 412]
        assert slug(max(answers, key=lambda answer: answer.status_code)) == "case-moved-on"
        assert sorted(facts(await desk.noted(), "outcome", "status")) == [("answered", 200), ("conflict", 412)]

    @pytest.mark.parametrize("tag", ['"1"', 'W/"1"', "1"])
    async def test_take_the_tag_in_each_form(self, client: httpx.AsyncClient, tag: str) -> None:
        assert (await client.post(f"/cases/{CASE}/confirmation", json=CONFIRM, headers=as_("odile", version=tag))).status_code == 200

    @pytest.mark.parametrize(
        ("version", "body", "status", "problem"),
        [
            (None, CONFIRM, 428, "version-required"),
            (2, CONFIRM, 412, "case-moved-on"),
            ("*", CONFIRM, 412, "case-moved-on"),
            ('"²"', CONFIRM, 412, "case-moved-on"),
            (1, {}, 422, "reason-not-listed"),
            (1, {"reason": "risk-unlikely"}, 422, "reason-not-listed"),
            (1, {"reason": "unauthorised-access", "name": "Essai"}, 422, "reason-not-listed"),
            (1, [], 422, "reason-not-listed"),
            (1, {"reason": "x" * 5000}, 422, "reason-not-listed"),
        ],
    )
    async def test_are_refused_by_name_and_noted(
        self, desk: NotifierDesk, client: httpx.AsyncClient, version: Any, body: Any, status: int, problem: str
    ) -> None:
        headers = {name.encode(): value.encode("latin-1") for name, value in as_("odile", version=version).items()}
        answer = await client.post(f"/cases/{CASE}/confirmation", content=json.dumps(body), headers=headers)

        assert (answer.status_code, slug(answer)) == (status, problem)
        assert facts(await desk.noted(), "status", "reason", "resource") == [(status, problem, f"Case/{CASE}")]
        assert len(await desk.stated()) == 1

    async def test_are_refused_from_a_state_that_does_not_lead_there(self, client: httpx.AsyncClient) -> None:
        answer = await client.post(f"/cases/{CASE}/closing", json={"reason": "risk-unlikely"}, headers=as_("odile", version=1))

        assert (answer.status_code, slug(answer)) == (409, "case-not-in-that-state")

    async def test_are_the_same_when_they_are_repeated(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        first, again = [await client.post(f"/cases/{CASE}/confirmation", json=CONFIRM, headers=as_("odile", version=1)) for _ in range(2)]

        assert (again.status_code, again.json()) == (200, first.json())
        assert len(await desk.mails("case-confirmed")) == 2

    async def test_speak_the_officers_language(self, client: httpx.AsyncClient) -> None:
        french = as_("odile", version=1) | {"accept-language": "fr"}

        said = (await client.post(f"/cases/{CASE}/confirmation", json={}, headers=french)).json()["detail"]

        assert said.startswith("Indiquez le champ `reason`, parmi\u00a0: `alteration`")

    async def test_are_answered_as_unknown_while_the_store_is_away(self, desk: NotifierDesk) -> None:
        silent = desk.with_mongo(CrashingMongo(desk.things.mongo, after_commit=False, error=MongoError))
        async with open_door(desk, silent) as client:
            answer = await client.post(f"/cases/{CASE}/confirmation", json=CONFIRM, headers=as_("odile", version=1))

        assert (answer.status_code, slug(answer)) == (503, "store-unreachable")
        assert len(desk.things.notes._undecided) == 1


class TestReviews:
    async def test_are_listed_with_their_patients_each_noted(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        await open_review(an_emergency("grant-2", patient=OTHER_PATIENT), now=NOW, desk=desk.things)

        listed = (await client.get("/reviews", headers=as_("odile"))).json()["reviews"]

        assert [(review["grant"], review["patient"], review["state"]) for review in listed] == [
            ("grant-1", PATIENT, "open"),
            ("grant-2", OTHER_PATIENT, "open"),
        ]
        assert facts(await desk.noted(), "patient", "resourceType", "count") == [
            (PATIENT, "Review", 2),
            (OTHER_PATIENT, "Review", 2),
            (None, "Review", 2),
        ]

    async def test_take_a_finding(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/reviews/grant-1", json={"finding": "not-justified"}, headers=as_("odile"))

        assert (answer.status_code, answer.json()["state"]) == (200, "not-justified")
        assert (await client.get(f"/cases/{answer.json()['case']}", headers=as_("paul"))).json()["kind"] == "emergency"
        assert (await client.get("/reviews", headers=as_("odile"))).json()["reviews"] == []
        assert len((await client.get("/reviews?state=not-justified", headers=as_("odile"))).json()["reviews"]) == 1

    @pytest.mark.parametrize(
        ("path", "body", "status"), [("grant-1", {"finding": "open"}, 422), ("grant-9", {"finding": "justified"}, 404)]
    )
    async def test_refuse_what_is_no_finding(
        self, desk: NotifierDesk, client: httpx.AsyncClient, path: str, body: dict[str, str], status: int
    ) -> None:
        assert (await client.post(f"/reviews/{path}", json=body, headers=as_("odile"))).status_code == status

        assert facts(await desk.noted(), "patient", "status") == [(PATIENT if path == "grant-1" else None, status)]


class TestMessages:
    @pytest.mark.parametrize(
        ("language", "said"), [("fr", "Votre dossier a été ouvert en urgence"), ("en", "Your record was opened in an emergency")]
    )
    async def test_are_the_patients_own_in_their_language(
        self, desk: NotifierDesk, client: httpx.AsyncClient, language: str, said: str
    ) -> None:
        [message] = (await client.get("/messages", headers=as_("patient") | {"accept-language": language})).json()["messages"]

        assert (message["subject"], message["values"]["reference"]) == (said, "grant-1")
        assert "dr-c" not in str(message)
        assert facts(await desk.noted(), "patient", "resourceType", "action") == [(PATIENT, "Message", "read")]

    async def test_are_nobody_elses(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/messages", headers=as_("other-patient"))).json() == {"messages": []}

    async def test_wait_for_the_keys(self, desk: NotifierDesk) -> None:
        class SilentSealer:
            async def open(self, _message: object) -> None:
                raise VaultUnavailableError

        async with open_door(desk, replace(desk.things, sealer=SilentSealer())) as client:  # type: ignore[arg-type]
            answer = await client.get("/messages", headers=as_("patient"))

        assert (answer.status_code, slug(answer)) == (503, "message-keys-unavailable")

    async def test_want_a_record(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/messages", headers=as_("new-patient"))

        assert re.search("not tied to a record", answer.json()["detail"])
