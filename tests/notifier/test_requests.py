"""Proves what patients can ask, by when they are answered, who reads it, and that nothing of it stands in clear."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from services.notifier.cases.opening import case_ident
from services.notifier.remind_overdue import remind_overdue
from services.notifier.requests.answer_request import QUESTIONED
from services.notifier.requests.deadlines import due, extended, load_rules, months_later
from services.notifier.requests.model import OUTCOMES, Outcome, RequestKind, RequestState
from services.notifier.requests_api import requests
from shared.clock import utc_now
from shared.mongo import MongoError
from shared.vocabulary import PatientId
from tests.architecture.sources import ROOT
from tests.notifier.notifier_desk import (
    ODILE,
    OTHER_PATIENT,
    PATIENT,
    PAUL,
    PEOPLE,
    CrashingMongo,
    NotifierDesk,
    as_,
    facts,
    open_door,
)

WORDS = "Who is the clinician of entry seven, whom I never met?"
WISH = {"kind": "question", "words": WORDS, "entries": [7]}
ANSWER = {"outcome": "explained", "words": "The laboratory's night shift read your results."}


async def ask(client: httpx.AsyncClient, who: str = "patient", *, key: str = "", **more: Any) -> httpx.Response:
    return await client.post("/requests", json=WISH | more, headers=as_(who) | ({"idempotency-key": key} if key else {}))


async def asked(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await ask(client, **more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def say(client: httpx.AsyncClient, ident: str, what: str, body: dict[str, Any], *, who: str = "odile", version: int = 1) -> Any:
    return await client.post(f"/requests/{ident}/{what}", json=body, headers=as_(who, version=version))


def slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[1]


class TestOpenRequest:
    async def test_is_kept_noted_and_told_to_the_officers_of_the_site(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        request = await asked(client)

        assert (request["state"], request["words"], request["entries"]) == ("open", WORDS, [7])
        assert [mail["to"] for mail in await desk.mails("request-asked")] == [ODILE, PAUL]
        noted = facts(await desk.noted(), "action", "resourceType", "resource", "patient", "outcome", "step")
        assert noted == [("create", "Request", f"Request/{request['id']}", PATIENT, "answered", "question")]

    async def test_keeps_nothing_of_what_was_said_in_clear(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        request = await asked(client)
        await say(client, request["id"], "answer", ANSWER)

        rows = [row for name in await desk.database.list_collection_names() for row in await desk.database[name].find({}).to_list(None)]

        assert rows
        assert [word for word in ("clinician of entry", "night shift") if word in str(rows)] == []

    @pytest.mark.parametrize(("kind", "days"), [("access", 8), ("copy", 8)])
    async def test_counts_days_where_the_law_does(self, client: httpx.AsyncClient, kind: str, days: int) -> None:
        request = await asked(client, kind=kind)

        asked_at, due_at = (datetime.fromisoformat(request[name]) for name in ("asked_at", "due_at"))
        assert due_at - asked_at == timedelta(days=days)
        assert "L1111-7" in request["source"]

    async def test_is_one_however_often_it_is_sent(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        answers = await asyncio.gather(*(ask(client, key="form-1") for _ in range(4)))

        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert await desk.database.requests.count_documents({}) == 1
        assert len(await desk.mails("request-asked")) == 2
        assert (await asked(client, who="other-patient", key="form-1"))["id"] != answers[0].json()["id"]

    async def test_loses_nothing_that_is_written_into_a_form_that_was_sent(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        await asked(client, key="form-1")

        other = [await ask(client, key="form-1", kind="copy"), await ask(client, key="form-1", words="Something else, please.")]

        assert [slug(answer) for answer in other] == ["asked-already", "asked-already"]
        assert await desk.database.requests.count_documents({}) == 1

    @pytest.mark.parametrize("who", [name for name in PEOPLE if not name.endswith("patient")] + ["new-patient"])
    async def test_is_for_patients_with_a_record_of_their_own(self, desk: NotifierDesk, client: httpx.AsyncClient, who: str) -> None:
        assert (await ask(client, who)).status_code == 403
        assert facts(await desk.noted(), "outcome", "status") == [("refused", 403)]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"kind": "erasure"},
            {"words": "short"},
            {"words": "x" * 2001},
            {"entries": [-1]},
            {"entries": [1] * 101},
            {"patient": OTHER_PATIENT},
        ],
    )
    async def test_is_refused_when_it_is_none(self, desk: NotifierDesk, client: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
        answer = await ask(client, **wrong)

        assert (answer.status_code, slug(answer)) == (422, "unfit-request")
        assert await desk.database.requests.count_documents({}) == 0

    @pytest.mark.parametrize("after_commit", [True, False])
    async def test_counts_once_whatever_becomes_of_the_commit(
        self, desk: NotifierDesk, client: httpx.AsyncClient, after_commit: bool
    ) -> None:
        broken = desk.with_mongo(CrashingMongo(desk.things.mongo, after_commit, MongoError))
        async with open_door(desk, broken) as other:
            assert (await ask(other, key="form-1")).status_code == 503

        assert (await ask(client, key="form-1")).status_code == 201
        assert await desk.database.requests.count_documents({}) == 1

    async def test_says_that_an_erased_record_keeps_nothing_more(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        request = await asked(client)
        await desk.things.sealer.forget("nord", PatientId(PATIENT), reference="e-1", now=utc_now())

        assert slug(await ask(client)) == "record-erased"
        kept = (await client.get(f"/requests/{request['id']}", headers=as_("odile"))).json()
        assert (kept["words"], kept["entries"], kept["answer"]) == (None, None, None)


class TestReadRequests:
    async def test_shows_a_patient_their_own_and_no_other(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        mine, other = await asked(client), await asked(client, who="other-patient")

        listed = (await client.get("/requests/mine", headers=as_("patient"))).json()["requests"]
        foreign = await client.get(f"/requests/{other['id']}", headers=as_("patient"))
        unknown = await client.get("/requests/none", headers=as_("patient"))

        assert [one["id"] for one in listed] == [mine["id"]]
        assert (foreign.status_code, foreign.content) == (404, unknown.content)
        assert {note["patient"] for note in (await desk.noted())[-2:]} == {None}

    async def test_lists_the_open_ones_for_officers_without_what_was_said(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        await asked(client)
        await asked(client, who="other-patient", kind="copy")

        answer = await client.get("/requests", headers=as_("odile"))

        assert [one["kind"] for one in answer.json()["requests"]] == ["copy", "question"]
        assert "words" not in answer.json()["requests"][0]
        told = facts(await desk.noted(), "action", "patient")[-3:]
        assert {patient for _action, patient in told} == {PATIENT, OTHER_PATIENT, None}
        assert (await client.get("/requests", headers=as_("simone"))).json()["requests"] == []

    @pytest.mark.parametrize("who", [name for name in PEOPLE if name not in {"odile", "paul", "both", "patient"}])
    async def test_is_refused_to_everybody_else(self, client: httpx.AsyncClient, who: str) -> None:
        request = await asked(client)

        assert (await client.get(f"/requests/{request['id']}", headers=as_(who))).status_code == (404 if who == "other-patient" else 403)

    def test_declares_who_may(self) -> None:
        declared = {
            (method, route.path): (route.openapi_extra or {})["x-professions"]
            for route in requests.routes
            if isinstance(route, APIRoute)
            for method in route.methods
        }

        officers = {("GET", "/requests"), ("POST", "/requests/{ident}/answer"), ("POST", "/requests/{ident}/extension")}
        assert {place for place, who in declared.items() if who == ["privacy-officer"]} == officers
        assert declared["GET", "/requests/{ident}"] == ["patient", "privacy-officer"]


class TestAnswerRequest:
    async def test_is_final_and_told_to_the_patient(self, client: httpx.AsyncClient) -> None:
        request = await asked(client)

        answered = (await say(client, request["id"], "answer", ANSWER)).json()
        again = await say(client, request["id"], "answer", ANSWER, who="paul", version=2)
        inbox = (await client.get("/messages", headers=as_("patient"))).json()["messages"]
        read = (await client.get(f"/requests/{request['id']}", headers=as_("patient"))).json()

        assert (answered["state"], answered["outcome"], answered["answered_by"]) == ("answered", "explained", ODILE)
        assert slug(again) == "request-moved-on"
        assert [message["about"] for message in inbox] == ["request-answered"]
        assert read["answer"] == ANSWER["words"]

    async def test_takes_the_version_that_was_read(self, client: httpx.AsyncClient) -> None:
        request = await asked(client)

        assert slug(await say(client, request["id"], "answer", ANSWER, version=2)) == "request-moved-on"
        assert slug(await client.post(f"/requests/{request['id']}/answer", json=ANSWER, headers=as_("odile"))) == "request-moved-on"

    async def test_is_given_by_one_of_two_at_once(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        request = await asked(client)

        answers = await asyncio.gather(*(say(client, request["id"], "answer", ANSWER, who=who) for who in ("odile", "paul")))

        assert sorted(answer.status_code for answer in answers) == [200, 412]
        assert await desk.database.messages.count_documents({"channel": "portal"}) == 1

    @pytest.mark.parametrize(("kind", "outcome"), [("question", "fulfilled"), ("copy", "explained"), ("copy", "case-opened"), ("copy", "")])
    async def test_is_one_that_fits_its_kind(self, client: httpx.AsyncClient, kind: str, outcome: str) -> None:
        request = await asked(client, kind=kind)

        answer = await say(client, request["id"], "answer", {"outcome": outcome, "words": ANSWER["words"]})

        assert slug(answer) == "reason-not-listed"
        assert set(request["outcomes"]) == set(OUTCOMES[RequestKind(kind)])

    async def test_opens_a_case_about_that_patient(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        request = await asked(client)

        answered = (await say(client, request["id"], "answer", ANSWER | {"outcome": "case-opened"})).json()

        assert answered["case"] == case_ident(f"{QUESTIONED}/{request['id']}")
        case = (await client.get(f"/cases/{answered['case']}", headers=as_("odile"))).json()
        affected = (await client.get(f"/cases/{answered['case']}/patients", headers=as_("odile"))).json()
        assert (case["kind"], case["state"], case["evidence"]) == ("question", "suspected", {"request": request["id"]})
        assert affected["patients"] == [PATIENT]
        assert len(await desk.stated()) == 1

    async def test_is_refused_to_officers_of_another_site_and_to_patients(self, client: httpx.AsyncClient) -> None:
        request = await asked(client)

        assert [(await say(client, request["id"], "answer", ANSWER, who=who)).status_code for who in ("simone", "patient")] == [403, 403]


class TestExtendRequest:
    WHY: dict[str, str] = {"words": "Two laboratories have to be asked first."}  # noqa: RUF012

    async def test_adds_two_months_once_and_tells_why(self, client: httpx.AsyncClient) -> None:
        request = await asked(client, kind="correction")

        after = (await say(client, request["id"], "extension", self.WHY)).json()
        again = await say(client, request["id"], "extension", self.WHY, version=2)
        inbox = (await client.get("/messages", headers=as_("patient"))).json()["messages"]

        assert datetime.fromisoformat(after["due_at"]) == months_later(datetime.fromisoformat(request["due_at"]), 2)
        assert (request["may_extend"], after["may_extend"], after["extension"]) == (True, False, self.WHY["words"])
        assert slug(again) == "cannot-extend"
        assert [message["about"] for message in inbox] == ["request-extended"]

    @pytest.mark.parametrize("kind", ["question", "access", "copy"])
    async def test_is_refused_where_no_law_allows_it(self, client: httpx.AsyncClient, kind: str) -> None:
        request = await asked(client, kind=kind)

        assert slug(await say(client, request["id"], "extension", self.WHY)) == "cannot-extend"

    async def test_is_refused_once_the_first_month_has_passed(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        request = await asked(client, kind="correction")
        await desk.database.requests.update_one({"_id": request["id"]}, {"$set": {"due_at": utc_now() - timedelta(hours=1)}})

        assert slug(await say(client, request["id"], "extension", self.WHY)) == "cannot-extend"


class TestRemindOverdue:
    async def test_reminds_each_officer_once_of_each_date(self, desk: NotifierDesk, client: httpx.AsyncClient) -> None:
        request = await asked(client)
        late = datetime.fromisoformat(request["due_at"]) + timedelta(hours=1)

        written = [await remind_overdue(moment, desk=desk.things) for moment in (late - timedelta(hours=2), late, late + timedelta(days=3))]

        assert written == [0, 2, 0]
        assert [mail["to"] for mail in await desk.mails("request-overdue")] == [ODILE, PAUL]


class TestDeadlines:
    @pytest.mark.parametrize(
        ("day", "months", "expected"),
        [
            ("2026-01-15", 1, "2026-02-15"),
            ("2026-01-31", 1, "2026-02-28"),
            ("2028-01-31", 1, "2028-02-29"),
            ("2026-12-31", 2, "2027-02-28"),
            ("2026-11-30", 3, "2027-02-28"),
        ],
    )
    def test_end_on_the_same_day_of_the_month_or_on_its_last(self, day: str, months: int, expected: str) -> None:
        assert months_later(datetime.fromisoformat(f"{day}T10:00:00+00:00"), months).date().isoformat() == expected

    def test_are_within_three_months_in_all(self) -> None:
        asked_at = datetime(2026, 1, 31, 9, tzinfo=UTC)
        for rule in load_rules().values():
            assert asked_at < due(rule, asked_at) <= extended(rule, due(rule, asked_at)) <= months_later(asked_at, 3)

    @pytest.mark.parametrize("text", ["{}", '{"question": {"days": 1, "months": 1, "source": {"en": "x", "fr": "x"}}}'])
    def test_want_a_whole_file(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "requests.json").write_text(text)

        with pytest.raises(ValueError, match=r"months|wanted"):
            load_rules(tmp_path / "requests.json")


class TestModel:
    def test_names_outcomes_for_each_kind(self) -> None:
        assert set().union(*OUTCOMES.values()) == set(Outcome)

    def test_is_drawn_as_it_is(self) -> None:
        text = (ROOT / "docs" / "lifecycles" / "request.md").read_text(encoding="utf-8")
        arrows = re.findall(r"^    (\S+) --> (\S+)", text, re.MULTILINE)

        assert {state for arrow in arrows for state in arrow} - {"[*]"} == set(RequestState)
