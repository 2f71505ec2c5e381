"""Proves that every emergency is reviewed once, told to patient and officers, and sealed where it speaks of the patient."""

import asyncio
from typing import Any

import pytest

from services.notifier.cases.case_store import CaseStore
from services.notifier.cases.decide_case import decide_case
from services.notifier.cases.lifecycle import Move
from services.notifier.cases.open_case import open_case
from services.notifier.cases.opening import case_ident
from services.notifier.messages.read_inbox import read_inbox
from services.notifier.model import About, Asked, Thing
from services.notifier.refusals import AlreadyReviewedError, NotYoursError, UnknownReferenceError
from services.notifier.remind_overdue import remind_overdue
from services.notifier.reviews.judge_emergency import UNJUSTIFIED, judge_emergency
from services.notifier.reviews.open_review import open_review
from shared.vocabulary import Action, PatientId, Profession
from tests.notifier.notifier_desk import (
    HOUR,
    NOW,
    ODILE,
    OTHER_PATIENT,
    PATIENT,
    PAUL,
    SIMONE,
    Crash,
    CrashingMongo,
    NotifierDesk,
    a_suspicion,
    affected,
    an_actor,
    an_emergency,
    asked,
    facts,
)

CASE = case_ident(f"{UNJUSTIFIED}/grant-1")


async def inbox(desk: NotifierDesk, patient: str = PATIENT) -> Any:
    actor = an_actor("p", Profession.PATIENT, purpose="PATRQT", patient=patient)
    told, _ = await read_inbox(Asked(actor, "PATRQT", NOW, About(Action.READ, Thing.MESSAGE)), desk=desk.things)
    return told


async def judge(desk: Any, finding: str | None = "justified", who: str = ODILE, **more: Any) -> Any:
    return await judge_emergency(asked(who, action=Action.REVIEW, **more), "grant-1", finding=finding, desk=desk)


class TestOpenReview:
    async def test_tells_the_patient_and_the_officers_of_the_site(self, desk: NotifierDesk) -> None:
        await open_review(an_emergency(), now=NOW, desk=desk.things)

        [told] = await inbox(desk)
        assert (told.template, told.values["reference"], told.values["unit"]) == ("emergency-in-your-record", "grant-1", "nord-urgences")
        assert [mail["to"] for mail in await desk.mails("emergency-to-review")] == [ODILE, PAUL]

    async def test_keeps_in_clear_neither_what_is_said_nor_which_text(self, desk: NotifierDesk) -> None:
        await open_review(an_emergency(), now=NOW, desk=desk.things)

        [row] = await desk.database.messages.find({"channel": "portal"}).to_list(length=None)

        assert set(row) == {"_id", "to", "at", "tries", "next_at", "claim", "channel", "site", "sealed", "state", "history"}
        assert [word for word in (b"grant-1", b"emergency", b"urgences") if word in bytes(row["sealed"]) or word.decode() in str(row)] == []

    async def test_is_for_nobody_else_to_read(self, desk: NotifierDesk) -> None:
        await open_review(an_emergency(), now=NOW, desk=desk.things)
        assert await inbox(desk, OTHER_PATIENT) == []

        await desk.database.messages.update_one({"channel": "portal"}, {"$set": {"to": OTHER_PATIENT}})

        assert await inbox(desk, OTHER_PATIENT) == []

    async def test_opens_once_whatever_is_replayed(self, desk: NotifierDesk) -> None:
        await asyncio.gather(*(open_review(an_emergency(), now=NOW, desk=desk.things) for _ in range(4)))
        await judge(desk.things)
        await open_review(an_emergency(), now=NOW + HOUR, desk=desk.things)

        assert len(await inbox(desk)) == 1
        assert len(await desk.mails()) == 2
        review = await desk.things.reviews.find("grant-1")
        assert review is not None
        assert review.state == "justified"

    @pytest.mark.parametrize("after_commit", [False, True], ids=["in the transaction", "after it"])
    async def test_is_whole_after_a_kill(self, desk: NotifierDesk, after_commit: bool) -> None:
        with pytest.raises(Crash):
            await open_review(an_emergency(), now=NOW, desk=desk.with_mongo(CrashingMongo(desk.things.mongo, after_commit)))

        await open_review(an_emergency(), now=NOW + HOUR, desk=desk.things)

        assert (len(await inbox(desk)), len(await desk.mails())) == (1, 2)

    async def test_is_reviewed_even_when_the_chart_was_erased_meanwhile(self, desk: NotifierDesk) -> None:
        await desk.things.sealer.forget("nord", PatientId(PATIENT), reference="erasure", now=NOW)

        await open_review(an_emergency(), now=NOW, desk=desk.things)

        assert await inbox(desk) == []
        assert len(await desk.mails()) == 2


class TestErasure:
    async def test_takes_what_was_said_about_the_chart_of_that_site(self, desk: NotifierDesk) -> None:
        await open_review(an_emergency("grant-1"), now=NOW, desk=desk.things)
        await open_review(an_emergency("grant-2", site="sud"), now=NOW, desk=desk.things)

        for _ in range(2):
            await desk.things.sealer.forget("nord", PatientId(PATIENT), reference="erasure", now=NOW)

        assert [told.values["reference"] for told in await inbox(desk)] == ["grant-2"]


class TestJudgeEmergency:
    @pytest.fixture(autouse=True)
    async def opened(self, desk: NotifierDesk) -> None:
        await open_review(an_emergency(), now=NOW, desk=desk.things)

    async def test_keeps_the_finding_with_its_note(self, desk: NotifierDesk) -> None:
        review, note = await judge(desk.things)

        assert (review.state, review.reviewed_by, review.reviewed_at, review.case) == ("justified", ODILE, NOW + HOUR, None)
        assert await desk.things.reviews.find("grant-1") == review
        assert facts(await desk.noted(), "id", "action", "resource", "patient", "outcome", "step") == [
            (note, "review", "Review/grant-1", PATIENT, "answered", "justified")
        ]
        assert await desk.stated() == []

    async def test_opens_a_case_when_it_was_not_justified(self, desk: NotifierDesk) -> None:
        review, _ = await judge(desk.things, "not-justified")

        case = await desk.things.cases.find(CASE)
        assert case is not None
        assert review.case == CASE
        assert (case.kind, case.state, case.actor, case.evidence) == ("emergency", "suspected", "dr-c", {"grant": "grant-1"})
        assert (case.first, case.last) == (NOW, NOW + HOUR)
        assert facts(await desk.stated(), "case", "state", "rule") == [(CASE, "suspected", UNJUSTIFIED)]
        assert [mail["to"] for mail in await desk.mails("case-opened")] == [ODILE, PAUL]

    async def test_knows_the_one_patient_and_lets_no_computation_add_others(self, desk: NotifierDesk) -> None:
        await judge(desk.things, "not-justified")

        await desk.things.affected.keep(affected(CASE, PATIENT, "somebody-treated", through=99))

        kept = await desk.things.affected.of(CASE)
        assert kept is not None
        assert kept.patients == (PATIENT,)

    async def test_leads_to_a_case_like_any_other(self, desk: NotifierDesk) -> None:
        await judge(desk.things, "not-justified")

        case, _ = await decide_case(
            asked(now=NOW + 2 * HOUR), CASE, Move.CONFIRM, reason="unauthorised-access", version=1, desk=desk.things
        )

        assert case.due_at == NOW + 74 * HOUR

    async def test_changes_nothing_when_it_is_said_again(self, desk: NotifierDesk) -> None:
        first, _ = await judge(desk.things, "not-justified")

        again, _ = await judge(desk.things, "not-justified", now=NOW + 9 * HOUR)

        assert again == first
        assert (len(await desk.stated()), len(await desk.mails("case-opened"))) == (1, 2)

    async def test_is_final(self, desk: NotifierDesk) -> None:
        await judge(desk.things)

        for who, finding in ((ODILE, "not-justified"), (PAUL, "justified"), (PAUL, "not-justified")):
            with pytest.raises(AlreadyReviewedError):
                await judge(desk.things, finding, who)
        assert await desk.stated() == []

    async def test_lets_one_of_two_at_once_find(self, desk: NotifierDesk) -> None:
        ends = await asyncio.gather(judge(desk.things, "not-justified"), judge(desk.things, "justified", PAUL), return_exceptions=True)

        assert sorted(type(end).__name__ for end in ends) == ["AlreadyReviewedError", "tuple"]
        review = await desk.things.reviews.find("grant-1")
        assert review is not None
        assert len(await desk.stated()) == (review.state == "not-justified")

    async def test_is_for_officers_of_the_site(self, desk: NotifierDesk) -> None:
        with pytest.raises(NotYoursError):
            await judge(desk.things, "justified", SIMONE, site="sud")

    async def test_knows_no_other_grant(self, desk: NotifierDesk) -> None:
        with pytest.raises(UnknownReferenceError):
            await judge_emergency(asked(), "grant-9", finding="justified", desk=desk.things)

    @pytest.mark.parametrize("after_commit", [False, True], ids=["in the transaction", "after it"])
    async def test_is_whole_after_a_kill(self, desk: NotifierDesk, after_commit: bool) -> None:
        with pytest.raises(Crash):
            await judge(desk.with_mongo(CrashingMongo(desk.things.mongo, after_commit)), "not-justified")
        [pending] = desk.things.notes._undecided
        assert await pending.committed() is after_commit

        review, _ = await judge(desk.things, "not-justified")

        assert review.case == CASE
        assert (len(await desk.stated()), len(await desk.mails("case-opened"))) == (1, 2)


class TestRemindOverdue:
    async def test_writes_one_mail_per_officer_and_clock(self, desk: NotifierDesk) -> None:
        await open_case(a_suspicion(), now=NOW, desk=desk.things)
        await open_review(an_emergency(), now=NOW, desk=desk.things)

        written = [await remind_overdue(NOW + hours * HOUR, desk=desk.things) for hours in (23, 24, 24, 50, 72, 100)]

        assert written == [0, 2, 0, 0, 2, 0]
        assert [mail["to"] for mail in await desk.mails("clock-overdue")] == [ODILE, PAUL]
        assert [mail["to"] for mail in await desk.mails("review-overdue")] == [ODILE, PAUL]

    async def test_writes_none_twice_when_two_processes_look_at_once(self, desk: NotifierDesk) -> None:
        await open_case(a_suspicion(), now=NOW, desk=desk.things)

        await asyncio.gather(*(remind_overdue(NOW + 30 * HOUR, desk=desk.things) for _ in range(4)))

        assert len(await desk.mails("clock-overdue")) == 2

    async def test_writes_none_twice_when_a_clock_is_set_back(self, desk: NotifierDesk) -> None:
        await open_case(a_suspicion(), now=NOW, desk=desk.things)

        written = [await remind_overdue(NOW + hours * HOUR, desk=desk.things) for hours in (25, -5, 25)]

        assert written == [2, 0, 0]

    async def test_reminds_of_each_clock_by_itself_and_of_none_that_stopped(self, desk: NotifierDesk) -> None:
        await open_case(a_suspicion(), now=NOW, desk=desk.things)
        case = case_ident("bulk-lookup/clerk/s1")
        await decide_case(asked(), case, Move.CONFIRM, reason="loss", version=1, desk=desk.things)

        assert await remind_overdue(NOW + 72 * HOUR, desk=desk.things) == 0
        assert await remind_overdue(NOW + 73 * HOUR, desk=desk.things) == 2

        await decide_case(asked(now=NOW + 80 * HOUR), case, Move.CLOSE, reason="authority-notified", version=2, desk=desk.things)
        assert await remind_overdue(NOW + 999 * HOUR, desk=desk.things) == 0
        assert [mail["values"]["clock"] for mail in await desk.mails("clock-overdue")] == ["authority", "authority"]

    async def test_looks_at_open_deadlines_only(self, desk: NotifierDesk) -> None:
        await open_review(an_emergency(), now=NOW, desk=desk.things)
        await judge(desk.things)

        assert await remind_overdue(NOW + 100 * HOUR, desk=desk.things) == 0
        assert [case async for case in CaseStore(desk.database).overdue(NOW + 100 * HOUR)] == []
