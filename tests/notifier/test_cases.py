"""Proves that a suspicion becomes one case, whatever is replayed, reordered or killed, and that officers move it on one at a time."""

import asyncio
import itertools
from typing import Any

import pytest

from services.notifier.cases.decide_case import decide_case
from services.notifier.cases.lifecycle import Move
from services.notifier.cases.model import CaseState
from services.notifier.cases.open_case import open_case
from services.notifier.cases.opening import case_ident
from services.notifier.refusals import CaseMovedOnError, NotYoursError
from services.notifier.subscribers import through_outages
from shared.clock import rfc3339
from shared.mongo import DuplicateKeyError, MongoError, StoreUnreachableError
from tests.notifier.notifier_desk import (
    HOUR,
    NOW,
    ODILE,
    PAUL,
    SIMONE,
    Crash,
    CrashingMongo,
    NotifierDesk,
    a_suspicion,
    about_the_ledger,
    affected,
    asked,
    facts,
)

CASE = case_ident("bulk-lookup/clerk/s1")


async def confirm(desk: Any, who: str = ODILE, *, version: int = 1, reason: str = "unauthorised-access", **more: Any) -> Any:
    return await decide_case(asked(who, **more), CASE, Move.CONFIRM, reason=reason, version=version, desk=desk)


class TestOpenCase:
    async def test_keeps_case_event_and_mails_together(self, desk: NotifierDesk) -> None:
        await open_case(a_suspicion(), now=NOW + HOUR, desk=desk.things)

        case = await desk.things.cases.find(CASE)
        assert case is not None
        assert (case.state, case.version, case.actor, case.watched_by) == (CaseState.SUSPECTED, 1, "clerk", "nord")
        assert [clock.due_at for clock in case.clocks] == [NOW + 24 * HOUR]
        assert facts(await desk.stated(), "case", "state", "actor", "first", "last") == [
            (CASE, "suspected", "clerk", "2026-11-25T18:04:00Z", "2026-11-25T18:06:00Z")
        ]
        assert [(mail["to"], mail["state"], mail["values"]["due_at"]) for mail in await desk.mails("case-opened")] == [
            (who, "waiting", rfc3339(NOW + 24 * HOUR)) for who in (ODILE, PAUL)
        ]

    async def test_changes_nothing_when_it_is_told_again(self, desk: NotifierDesk) -> None:
        await open_case(a_suspicion(), now=NOW, desk=desk.things)
        before = await desk.things.cases.find(CASE)

        for hours in (-5, 0, 40):
            await open_case(a_suspicion(), now=NOW + hours * HOUR, desk=desk.things)

        assert await desk.things.cases.find(CASE) == before
        assert (len(await desk.stated()), len(await desk.mails())) == (1, 2)

    async def test_opens_once_when_many_hear_it_at_once(self, desk: NotifierDesk) -> None:
        await asyncio.gather(*(open_case(a_suspicion(), now=NOW, desk=desk.things) for _ in range(6)))

        assert (len(await desk.stated()), len(await desk.mails())) == (1, 2)

    @pytest.mark.parametrize("after_commit", [False, True], ids=["in the transaction", "after it"])
    async def test_is_whole_after_a_kill(self, desk: NotifierDesk, after_commit: bool) -> None:
        with pytest.raises(Crash):
            await open_case(a_suspicion(), now=NOW, desk=desk.with_mongo(CrashingMongo(desk.things.mongo, after_commit)))
        assert len(await desk.stated()) == len(await desk.mails()) / 2 == after_commit

        await open_case(a_suspicion(), now=NOW + HOUR, desk=desk.things)

        assert (len(await desk.stated()), len(await desk.mails())) == (1, 2)

    async def test_gives_the_ledger_to_the_officers_of_the_group(self, desk: NotifierDesk) -> None:
        await open_case(about_the_ledger(), now=NOW, desk=desk.things)

        [case] = await desk.things.cases.page("sud", state=None, after=None)
        assert (case.kind, case.actor, case.watched_by) == ("ledger", None, None)
        assert [mail["to"] for mail in await desk.mails()] == [ODILE, PAUL, SIMONE]

    async def test_gives_a_site_without_an_officer_to_those_of_the_group(self, desk: NotifierDesk) -> None:
        await open_case(a_suspicion(site="ouest"), now=NOW, desk=desk.things)

        case = await desk.things.cases.find(CASE)
        assert case is not None
        assert (case.site, case.watched_by) == ("ouest", None)
        assert len(await desk.mails()) == 3

    @pytest.mark.parametrize("rule", ["unclean-end", "silent-incarnation"])
    async def test_only_records_what_every_killed_process_leaves(self, desk: NotifierDesk, rule: str) -> None:
        for _ in range(2):
            await open_case(about_the_ledger(rule=rule), now=NOW, desk=desk.things)

        assert [row["rule"] for row in await desk.database.recorded.find({}).to_list(length=None)] == [rule]
        assert await desk.database.cases.count_documents({}) == await desk.database.messages.count_documents({}) == 0


class TestAffected:
    async def test_are_those_of_the_farthest_computation_in_any_order(self, desk: NotifierDesk) -> None:
        orders = list(itertools.permutations(range(4)))
        for case, order in enumerate(orders):
            found = [
                affected(str(case), "p1", through=10),
                affected(str(case), "p1", "p2", through=20),
                affected(str(case), "p3", "p1", "p2", through=20, at=NOW + HOUR),
                affected(str(case), "p9", through=15, at=NOW + 9 * HOUR),
            ]
            for number in order * 2:
                await desk.things.affected.keep(found[number])

        kept = [await desk.things.affected.of(str(case)) for case in range(len(orders))]

        assert {(one.patients, one.through) for one in kept if one} == {(("p1", "p2", "p3"), 20)}

    async def test_wait_for_a_case_that_is_not_known_yet(self, desk: NotifierDesk) -> None:
        await desk.things.affected.keep(affected(CASE, "p1"))
        await open_case(a_suspicion(), now=NOW, desk=desk.things)

        kept = await desk.things.affected.of(CASE)
        assert kept is not None
        assert kept.patients == ("p1",)


class TestDecideCase:
    @pytest.fixture(autouse=True)
    async def opened(self, desk: NotifierDesk) -> None:
        await open_case(a_suspicion(), now=NOW, desk=desk.things)

    async def test_starts_the_seventy_two_hours_at_the_moment_of_the_word(self, desk: NotifierDesk) -> None:
        case, note = await confirm(desk.things)

        assert (case.state, case.aware_at) == (CaseState.CONFIRMED, NOW + HOUR)
        assert [(clock.name, clock.due_at, clock.stopped_at) for clock in case.clocks] == [
            ("assessment", NOW + 24 * HOUR, NOW + HOUR),
            ("authority", NOW + 73 * HOUR, None),
        ]
        assert await desk.things.cases.find(CASE) == case
        assert case.steps[-1].note == note

    async def test_keeps_step_note_event_and_mails_together(self, desk: NotifierDesk) -> None:
        await confirm(desk.things)

        assert facts(await desk.noted(), "action", "resource", "outcome", "step", "grounds", "patient") == [
            ("update", f"Case/{CASE}", "answered", "confirmation", "unauthorised-access", None)
        ]
        assert facts(await desk.stated(), "state") == [("suspected",), ("confirmed",)]
        assert [mail["values"]["due_at"] for mail in await desk.mails("case-confirmed")] == [rfc3339(NOW + 73 * HOUR)] * 2

    async def test_lets_one_of_two_officers_at_once_decide(self, desk: NotifierDesk) -> None:
        ends = await asyncio.gather(confirm(desk.things), confirm(desk.things, PAUL, reason="loss"), return_exceptions=True)

        assert sorted(type(end).__name__ for end in ends) == ["CaseMovedOnError", "tuple"]
        assert facts(await desk.stated(), "state") == [("suspected",), ("confirmed",)]
        case = await desk.things.cases.find(CASE)
        assert case is not None
        assert case.version == 2

    async def test_changes_nothing_when_it_is_said_again(self, desk: NotifierDesk) -> None:
        first, _ = await confirm(desk.things)

        again, _ = await confirm(desk.things, now=NOW + 5 * HOUR)

        assert again == first
        assert len(await desk.stated()) == 2
        assert facts(await desk.noted(), "step", "repeated") == [("confirmation", None), ("confirmation", True)]

    async def test_takes_no_word_about_an_older_version(self, desk: NotifierDesk) -> None:
        await confirm(desk.things)

        with pytest.raises(CaseMovedOnError):
            await confirm(desk.things, PAUL)

    async def test_refuses_an_officer_of_another_site(self, desk: NotifierDesk) -> None:
        with pytest.raises(NotYoursError):
            await confirm(desk.things, SIMONE, site="sud")

        assert len(await desk.stated()) == 1

    async def test_moves_nothing_when_it_is_killed_in_the_transaction(self, desk: NotifierDesk) -> None:
        with pytest.raises(Crash):
            await confirm(desk.with_mongo(CrashingMongo(desk.things.mongo, after_commit=False)))

        [pending] = desk.things.notes._undecided
        assert not await pending.committed()
        assert (await confirm(desk.things))[0].version == 2
        assert len(await desk.mails("case-confirmed")) == 2

    @pytest.mark.parametrize("error", [Crash, MongoError])
    async def test_reads_back_an_end_that_nobody_told(self, desk: NotifierDesk, error: type[BaseException]) -> None:
        with pytest.raises(StoreUnreachableError if error is MongoError else Crash):
            await confirm(desk.with_mongo(CrashingMongo(desk.things.mongo, after_commit=True, error=error)))

        [pending] = desk.things.notes._undecided
        assert await pending.committed()
        case, _ = await confirm(desk.things)
        assert (case.version, len(await desk.stated())) == (2, 2)

    async def test_numbers_its_notes_without_a_gap_whatever_happens(self, desk: NotifierDesk) -> None:
        await asyncio.gather(confirm(desk.things), confirm(desk.things, PAUL), return_exceptions=True)
        await asyncio.gather(confirm(desk.things), return_exceptions=True)

        numbers = [note["number"] for note in await desk.noted()]

        assert sorted(numbers) == list(range(1, len(numbers) + 1))


class TestThroughOutages:
    @pytest.mark.parametrize("error", [MongoError, TimeoutError])
    async def test_waits_for_what_is_away(self, error: type[Exception]) -> None:
        tried = 0

        async def work() -> None:
            nonlocal tried
            tried += 1
            if tried < 4:
                raise error

        await through_outages(work, pause=0.01)

        assert tried == 4

    @pytest.mark.parametrize("error", [ArithmeticError, DuplicateKeyError])
    async def test_lets_the_door_park_what_is_wrong(self, error: type[Exception]) -> None:
        async def work() -> None:
            raise error("wrong")

        with pytest.raises(error):
            await through_outages(work, pause=0.01)

    async def test_gives_up_before_kafka_does(self) -> None:
        async def work() -> None:
            raise MongoError

        with pytest.raises(MongoError):
            await through_outages(work, patience=0.05, pause=0.01)
