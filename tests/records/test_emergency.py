"""Breaking the glass on the real site: one chart, one person, every replica at once, and nothing of the reason in clear."""

import asyncio
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from cli.story import ledger_view
from cli.story.checking import until
from deploy.local.stack import Stack
from services.audit.commands import open_ledger
from services.records.noting import EMERGENCY_ENDED as ENDED
from shared.mongo import open_mongo
from tests.builders import Desk, a_patient, an_observation
from tests.records.test_erasing import erase

DOCTOR = "c.petit"
CANARY = "Jeanne-Canari-1950"
REASON = {"reason": f"{CANARY}, inconsciente, personne de l’équipe n’est joignable"}
VERY_RESTRICTED = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "V"}]}


def break_glass(desk: Desk, patient: str, login: str = DOCTOR, *, replica: int = 0, body: Any = REASON) -> Any:
    return desk.beside("POST", f"charts/{patient}/emergency", login, replica=replica, json=body)


def row_of(desk: Desk, patient: str) -> dict[str, Any]:
    """The only emergency of that chart, as it lies in the records' MongoDB."""

    async def look() -> list[dict[str, Any]]:
        async with open_ledger(desk.auditor) as (_evidence, mongo):
            rows = mongo.database(desk.auditor.records["nord"]).get_collection("emergencies")
            return list(await rows.find({"patient": patient}).to_list(length=None))

    (row,) = asyncio.run(look())
    return row


def put_back(stack: Stack, patient: str, by: timedelta) -> None:
    """As if the emergency of that chart had been opened so much earlier."""

    async def move() -> None:
        mongo = open_mongo(stack.servers.mongodb_uri)
        rows = mongo.database("records_nord").get_collection("emergencies")
        row = await rows.find_one({"patient": patient})
        await rows.update_one({"_id": row["_id"]}, {"$set": {name: row[name] - by for name in ("opened_at", "ends_at", "review_due_at")}})
        await mongo.close()

    asyncio.run(move())


class TestBreakGlass:
    def test_opens_one_chart_on_every_replica_at_once(self, desk: Desk):
        (patient, address), (_other, shut) = desk.a_chart(), desk.a_chart()
        assert [desk.ask("GET", address, DOCTOR, replica=replica).status_code for replica in (0, 1)] == [403, 403]

        answer = break_glass(desk, patient)

        assert answer.status_code == 201, answer.text
        assert [desk.ask("GET", address, DOCTOR, replica=replica).status_code for replica in (1, 0)] == [200, 200]
        assert [desk.ask("GET", shut, DOCTOR, replica=replica).status_code for replica in (1, 0)] == [403, 403]
        assert [desk.ask("GET", address, "b.bernard", replica=replica).status_code for replica in (1, 0)] == [403, 403]
        assert answer.headers["cache-control"] == "no-store"

    def test_answers_until_when_and_who_may_review_by_when(self, desk: Desk):
        patient, _address = desk.a_chart()

        told = break_glass(desk, patient).json()

        ends, due = (datetime.fromisoformat(told[name]) for name in ("ends_at", "review_due_at"))
        assert set(told) == {"id", "ends_at", "review_due_at"}
        assert due - ends == timedelta(hours=72 - 4)

    def test_tells_its_reason_to_the_reviewer_alone(self, desk: Desk):
        patient, _address = desk.a_chart()
        path = f"charts/{patient}/emergencies/{break_glass(desk, patient).json()['id']}"

        answer = desk.beside("GET", path, "o.leroy", purpose="HCOMPL", replica=1)

        assert (answer.status_code, answer.json()["reason"], answer.headers["cache-control"]) == (200, REASON["reason"], "no-store")
        assert [desk.beside("GET", path, login).status_code for login in (DOCTOR, "d.durand", "patient.nord")] == [403, 403, 403]
        assert desk.beside("GET", f"charts/{patient}/emergencies/{uuid.uuid4()}", "o.leroy", purpose="HCOMPL").status_code == 404
        steps = [note.get("step") for note in desk.notes_about(patient, at_least=8) if note["action"] == "review"]
        assert "reviewed" in steps

    def test_shows_the_whole_chart_even_what_is_very_restricted(self, desk: Desk):
        patient, _address = desk.a_chart()
        secret = desk.create(an_observation(patient, meta=VERY_RESTRICTED))["id"]
        break_glass(desk, patient)

        everything = desk.ask("GET", f"Patient/{patient}/$everything", DOCTOR, replica=1)

        assert secret in {entry["resource"]["id"] for entry in everything.json()["entry"]}

    def test_is_noted_with_every_access_it_allowed(self, desk: Desk):
        patient, address = desk.a_chart()
        before = desk.ledger_size()
        opened = break_glass(desk, patient)
        for replica in (0, 1):
            desk.ask("GET", address, DOCTOR, replica=replica)
        desk.ask("GET", f"Observation?patient={patient}", DOCTOR)

        notes = desk.notes_about(patient, since=before, at_least=4)

        grant = opened.json()["id"]
        assert [note["id"] for note in notes if note["action"] == "break-glass"] == [opened.headers["x-decision-id"]]
        told = sorted((note["action"], note["outcome"], note["status"], note["relationship"], note["emergency"]) for note in notes)
        assert told == [
            ("break-glass", "answered", 201, "none", grant),
            ("read", "answered", 200, "none", grant),
            ("read", "answered", 200, "none", grant),
            ("search", "answered", 200, "none", grant),
        ]

    def test_answers_the_same_grant_however_often_it_is_asked_at_once(self, desk: Desk):
        patient, _address = desk.a_chart()
        desk.running.token(DOCTOR)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda number: break_glass(desk, patient, replica=number % 2), range(8)))

        assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
        assert len({answer.text for answer in answers}) == 1
        assert row_of(desk, patient)["grant"] == answers[0].json()["id"]

    def test_lets_its_holder_write_and_remembers_that_they_did(self, desk: Desk):
        patient, _address = desk.a_chart()
        break_glass(desk, patient)
        assert row_of(desk, patient)["followed_up"] is False

        written = desk.ask("POST", "Observation", DOCTOR, json=an_observation(patient), replica=1)

        assert written.status_code == 201, written.text
        assert row_of(desk, patient)["followed_up"] is True

    def test_is_not_followed_up_by_what_others_write(self, desk: Desk):
        patient, _address = desk.a_chart()
        break_glass(desk, patient)

        desk.create(an_observation(patient), "a.martin")
        desk.create(an_observation(patient))

        assert row_of(desk, patient)["followed_up"] is False

    def test_keeps_the_reason_out_of_every_store_note_and_log(self, desk: Desk, stack: Stack):
        patient, _address = desk.a_chart()
        before = desk.ledger_size()
        break_glass(desk, patient)
        break_glass(desk, patient, body={"reason": CANARY, "more": CANARY})

        notes = desk.notes_about(patient, since=before, at_least=2)

        assert CANARY not in str(notes)
        assert CANARY.encode() not in orjson.dumps(row_of(desk, patient), default=str)
        logs = [path.read_bytes() for path in stack.home.path.rglob("*.log")]
        assert logs
        assert [len(text) for text in logs if CANARY.encode() in text] == []


class TestEnd:
    def test_is_noted_once_by_the_running_site(self, desk: Desk, stack: Stack):
        """Of one whose holder wrote in the chart meanwhile, and of one whose holder did not."""
        before = desk.ledger_size()
        patients = [desk.a_chart()[0] for _ in range(2)]
        grants = [break_glass(desk, patient).json()["id"] for patient in patients]
        desk.create(an_observation(patients[0]), DOCTOR)

        for patient in patients:
            put_back(stack, patient, timedelta(hours=5))

        def ends() -> list[dict[str, Any]]:
            return [note for note in ledger_view.notes_from(desk.auditor, before) if note["type"] == ENDED and note["patient"] in patients]

        until(lambda: len(ends()) >= len(patients), within=30, otherwise="the ends were not noted")
        time.sleep(6)  # as long as both replicas take to look again
        told = {(note["emergency"], note["followedUp"], note["site"]) for note in ends()}
        assert told == {(grants[0], True, "nord"), (grants[1], False, "nord")}
        assert len(ends()) == len(patients)
        assert [row_of(desk, patient)["state"] for patient in patients] == ["ended"] * 2


class TestRefusals:
    @pytest.mark.parametrize("login", ["d.durand", "u.faure", "t.roux", "patient.nord", "integration.nord"])
    def test_name_everybody_else_and_are_noted(self, desk: Desk, login: str):
        patient, _address = desk.a_chart()
        before = desk.ledger_size()

        answers = [break_glass(desk, patient, login), desk.beside("GET", f"charts/{patient}/emergency", login)]

        assert [answer.status_code for answer in answers] == [403, 403]
        notes = desk.notes_about(patient, since=before, at_least=2)
        assert [(note["action"], note["outcome"]) for note in notes] == [("break-glass", "refused")] * 2

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"reason": "too short"},
            {"reason": " " * 20},
            {"reason": "x" * 501},
            {"reason": ["a list of reasons"]},
            {"reason": CANARY * 2, "grounds": "x"},
            [CANARY],
            {"reason": CANARY * 4000},
        ],
    )
    def test_ask_for_a_reason_without_repeating_what_was_sent(self, desk: Desk, body: Any):
        patient, address = desk.a_chart()
        before = desk.ledger_size()

        answer = break_glass(desk, patient, body=body)

        assert (answer.status_code, answer.json()["type"]) == (422, "urn:serment:problem:wrong-reason")
        assert CANARY not in answer.text
        assert [(note["outcome"], note["reason"]) for note in desk.notes_about(patient, since=before)] == [("invalid", "wrong-reason")]
        assert desk.ask("GET", address, DOCTOR).status_code == 403

    def test_tell_nothing_of_a_patient_who_is_not_known_here(self, desk: Desk):
        before = desk.ledger_size()
        patient = str(uuid.uuid4())

        answers = [break_glass(desk, patient), break_glass(desk, CANARY), desk.beside("GET", f"charts/{patient}/emergency", DOCTOR)]

        assert [answer.status_code for answer in answers] == [404] * 3
        assert len({answer.content for answer in answers}) == 1
        until(lambda: desk.ledger_size() >= before + 3, within=15, otherwise="the requests were not noted")
        notes = [note for note in ledger_view.notes_from(desk.auditor, before) if note.get("action") == "break-glass"]
        assert [(note["patient"], note["outcome"]) for note in notes] == [(None, "not-found")] * 3
        assert patient not in str(notes)

    def test_keep_an_erased_chart_shut(self, desk: Desk):
        patient, address = desk.a_chart()
        break_glass(desk, patient)
        assert desk.ask("GET", address, DOCTOR).status_code == 200
        before = desk.ledger_size()

        erase(desk, patient)

        for replica in (0, 1):
            gone = f"replica {replica} opens an erased chart by an emergency"
            until(lambda replica=replica: desk.ask("GET", address, DOCTOR, replica=replica).status_code == 410, within=60, otherwise=gone)
            assert break_glass(desk, patient, replica=replica).status_code == 410
        notes = [note for note in desk.notes_about(patient, since=before, at_least=5) if note["action"] == "break-glass"]
        assert {note["outcome"] for note in notes} == {"gone"}


class TestShowEmergency:
    def test_answers_its_holder_only(self, desk: Desk):
        patient, _address = desk.a_chart()
        url = f"charts/{patient}/emergency"
        assert desk.beside("GET", url, DOCTOR).status_code == 404
        before = desk.ledger_size()
        opened = break_glass(desk, patient).json()

        answers = [desk.beside("GET", url, login, replica=1) for login in (DOCTOR, "b.bernard")]

        assert [answer.status_code for answer in answers] == [200, 404]
        assert answers[0].json() == opened
        notes = desk.notes_about(patient, since=before, at_least=3)
        assert sorted((note["outcome"], note.get("step")) for note in notes) == [
            ("answered", "opened"),
            ("answered", "shown"),
            ("not-found", None),
        ]


class TestDerivedFacts:
    @pytest.mark.parametrize(
        ("more", "told"),
        [
            ({}, {}),
            ({"meta": {"security": [{"code": "EMP"}, {"code": "HTEST"}]}}, {"colleague": True}),
            ({"meta": {"security": [{"code": "CEL"}, {"code": "HTEST"}]}, "deceasedBoolean": True}, {"vip": True, "deceased": True}),
        ],
    )
    def test_stand_in_the_note_of_a_clerks_read(self, desk: Desk, more: dict[str, Any], told: dict[str, bool]):
        patient = desk.create(a_patient(**more))["id"]
        before = desk.ledger_size()

        assert desk.ask("GET", f"Patient/{patient}", "d.durand").status_code == 200

        (note,) = desk.notes_about(patient, since=before)
        assert {name: note[name] for name in ("colleague", "vip", "deceased", "emergency") if name in note} == told
