"""A case is answered with exactly the patients whom its actor was answered about in its time, and the ledger is not read through for it."""

import asyncio
import json
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.affected.affected_store import AffectedStore
from services.audit.affected.end_of_log import end_of_log
from services.audit.affected.find_affected import (
    MOST_PATIENTS,
    AffectedDesk,
    LedgerBehindError,
    TooManyAffectedError,
    find_affected,
)
from services.audit.affected.search_accesses import PAGE, Question, search_accesses
from services.audit.entry_times import LATE, SKEW
from shared.events.audit import AffectedFound
from shared.events.notifier import CaseChanged
from shared.keyring import KeyErasedError
from shared.sealing import UnreadableError
from tests.audit.detecting_desk import BEGAN, LOG
from tests.audit.fake_ledger import FakeLedger, Written, a_ledger, access
from tests.audit.ledger_desk import FakeSource, LedgerDesk

QUESTION = Question("clerk-1", BEGAN + timedelta(minutes=10), BEGAN + timedelta(minutes=12))


async def search(ledger: FakeLedger, question: Question = QUESTION, *, read_to: int = 0) -> tuple[list[str], int, int]:
    store: Any = ledger
    found = await search_accesses(LOG, question, size=len(ledger.entries), read_to=read_to, store=store, sealer=store)
    return sorted(found.patients), found.count, found.read


class TestSearching:
    async def test_finds_whom_the_actor_was_answered_about(self) -> None:
        ledger = a_ledger([(10.1, access(10.0, patient="p1")), (11.0, access(11.0, patient="p2")), (11.1, access(11.1, patient="p1"))])

        assert await search(ledger) == (["p1", "p2"], 3, 3)

    async def test_takes_both_ends_to_the_millisecond(self) -> None:
        edges = [access(10.0, patient="first"), access(12.0, patient="last")]
        edges[1]["time"] = edges[1]["time"].replace("00.000Z", "00.000999Z")
        outside = [access(10.0 - 1 / 60_000, patient="before"), access(12.0 + 1 / 60_000, patient="after")]
        ledger = a_ledger([(12.1, note) for note in [*edges, *outside]])

        assert await search(ledger) == (["first", "last"], 2, 4)

    @pytest.mark.parametrize(
        "otherwise",
        [
            {"actor": {"id": "clerk-2"}},
            {"outcome": "refused"},
            {"outcome": "hidden"},
            {"outcome": "not-found"},
            {"outcome": 5},
            {"outcome": []},
            {"patient": None},
            {"patient": 5},
            {"actor": None},
            {"actor": "clerk-1"},
        ],
        ids=str,
    )
    async def test_leaves_out_the_rest(self, otherwise: dict[str, Any]) -> None:
        assert await search(a_ledger([(11.0, access(11.0) | otherwise)])) == ([], 0, 1)

    async def test_counts_a_time_in_which_a_chart_stood_open(self) -> None:
        ended = access(11.0, type="org.serment.records.emergency-ended.v1", followedUp=False)
        del ended["outcome"]

        assert await search(a_ledger([(11.0, ended)])) == (["patient-1"], 1, 1)

    async def test_passes_over_what_cannot_be_read(self) -> None:
        odd: list[Any] = [None, b"\xff", b"[]", KeyErasedError(), UnreadableError()]
        ledger = a_ledger([*((11.0, value) for value in odd), (11.0, access(11.0))])

        assert await search(ledger) == (["patient-1"], 1, 6)

    async def test_reads_no_more_than_its_time_needs(self) -> None:
        """A hundred thousand entries, one a second: about a quarter of an hour is opened."""
        minutes = [second / 60 for second in range(100_000)]
        ledger = a_ledger([(minute, access(minute, patient=f"p{number}")) for number, minute in enumerate(minutes)])
        question = Question("clerk-1", BEGAN + timedelta(minutes=700), BEGAN + timedelta(minutes=702))

        patients, count, read = await search(ledger, question)

        assert (len(patients), count) == (121, 121)
        assert len(ledger.opened) < (SKEW + LATE).total_seconds() + 120 + 2 * PAGE
        assert ledger.read - len(ledger.opened) < 20
        assert read < 100_000

    async def test_finds_notes_that_waited_in_an_outbox(self) -> None:
        others: list[Written] = [(minute, access(minute, who={"id": "clerk-2"})) for minute in range(13, 21)]
        ledger = a_ledger([*others, (20.9, access(11.0, patient="late")), *((50.0, access(50.0)) for _ in range(2 * PAGE))])

        assert (await search(ledger))[0] == ["late"]

    async def test_finds_everything_when_the_ledger_caught_up_after_a_day(self) -> None:
        """All were appended long after they were made."""
        notes = [access(second / 60, patient=f"p{second}") for second in range(3 * PAGE)]
        ledger = a_ledger([(1440.0, note) for note in notes])

        assert (await search(ledger))[1] == 121

    async def test_reads_at_least_as_far_as_before(self) -> None:
        notes: list[Written] = [(11.0, access(11.0)), *((60.0, access(60.0)) for _ in range(4 * PAGE))]

        assert (await search(a_ledger(notes)))[2] < len(notes)
        assert (await search(a_ledger(notes), read_to=len(notes)))[2] == len(notes)

    async def test_finds_nothing_in_an_empty_ledger(self) -> None:
        assert await search(a_ledger([])) == ([], 0, 0)

    @settings(deadline=None, max_examples=200)
    @given(
        st.lists(st.tuples(st.integers(0, 40), st.sampled_from([0, 0, 0, 1, 5, 9]), st.sampled_from(["clerk-1", "clerk-2"])), max_size=40)
    )
    async def test_finds_what_reading_everything_finds(self, made: list[tuple[int, int, str]]) -> None:
        """Appended in order, each at once or up to some minutes late."""
        written = sorted(((minute + late, minute, actor, number) for number, (minute, late, actor) in enumerate(made)))
        ledger = a_ledger([(at, access(minute, patient=f"p{number}", who={"id": actor})) for at, minute, actor, number in written])

        patients, _, _ = await search(ledger)

        assert patients == sorted(
            f"p{number}" for number, (minute, _, actor) in enumerate(made) if 10 <= minute <= 12 and actor == "clerk-1"
        )


def a_case(state: str = "suspected", **changed: Any) -> CaseChanged:
    facts = CaseChanged.example | {"case": "case-1", "state": state, "actor": "clerk-1", "first": QUESTION.first, "last": QUESTION.last}
    return CaseChanged.model_validate(facts | changed)


@dataclass
class FakeKept:
    found: dict[str, AffectedFound] = field(default_factory=dict)

    async def holds(self, case: str, state: str) -> bool:
        return f"{case}/{state}" in self.found

    async def read_to(self, _case: str) -> int:
        return max((one.through + 1 for one in self.found.values()), default=0)

    async def keep(self, found: AffectedFound, state: str, *, now: datetime) -> None:
        assert found.computed_at == now
        self.found.setdefault(f"{found.case}/{state}", found)


def a_desk(ledger: FakeLedger, *, end: int | None = None) -> AffectedDesk:
    async def end_of(_topic: str) -> int:
        return len(ledger.entries) if end is None else end

    fake: Any = ledger
    kept: Any = FakeKept()
    return AffectedDesk({LOG.topic: LOG}, fake, fake, kept, end_of, patience=timedelta(seconds=0.3))


class TestFinding:
    @pytest.mark.parametrize("state", ["suspected", "confirmed"])
    async def test_states_patients_accesses_and_how_far_it_looked(self, state: str) -> None:
        desk = a_desk(
            a_ledger([(11.0, access(11.0, patient="p2")), (11.0, access(11.5, patient="p1")), (11.0, access(11.6, patient="p1"))])
        )

        await find_affected(a_case(state), now=BEGAN, desk=desk)

        [found] = kept(desk).found.values()
        assert (found.case, found.suspicion) == ("case-1", CaseChanged.example["suspicion"])
        assert (found.patients, found.accesses, found.through) == (["p1", "p2"], 3, 2)

    @pytest.mark.parametrize(
        "otherwise", [{"state": "dismissed"}, {"state": "closed"}, {"state": "new"}, {"actor": None}, {"log": "consent.access"}]
    )
    async def test_says_nothing_of_other_cases(self, otherwise: dict[str, Any]) -> None:
        desk = a_desk(a_ledger([(11.0, access(11.0))]), end=10**9)

        await find_affected(a_case(**otherwise), now=BEGAN, desk=desk)

        assert kept(desk).found == {}

    async def test_computes_nothing_again(self) -> None:
        ledger = a_ledger([(11.0, access(11.0))])
        desk = a_desk(ledger)
        await find_affected(a_case(), now=BEGAN, desk=desk)
        ledger.opened.clear()

        await find_affected(a_case(), now=BEGAN + timedelta(hours=1), desk=desk)

        assert ledger.opened == []

    async def test_waits_until_the_ledger_has_what_kafka_holds(self) -> None:
        ledger = a_ledger([(11.0, access(11.0))])
        desk = a_desk(ledger, end=5)
        finding = asyncio.create_task(find_affected(a_case(), now=BEGAN, desk=desk))
        await asyncio.sleep(0.05)
        assert kept(desk).found == {}

        ledger.next_offset = 5

        await finding
        assert len(kept(desk).found) == 1

    async def test_waits_longer_for_a_ledger_that_catches_up(self) -> None:
        ledger = a_ledger([(11.0, access(11.0))])
        finding = asyncio.create_task(find_affected(a_case(), now=BEGAN, desk=a_desk(ledger, end=7)))

        for ledger.next_offset in range(1, 8):
            await asyncio.sleep(0.1)

        await finding

    async def test_gives_up_for_now_when_the_ledger_stays_behind(self) -> None:
        desk = a_desk(a_ledger([(11.0, access(11.0))]), end=5)

        with pytest.raises(LedgerBehindError):
            await find_affected(a_case(), now=BEGAN, desk=desk)

        assert kept(desk).found == {}

    async def test_refuses_to_cut_a_list_short(self) -> None:
        notes: list[Written] = [(11.0, access(11.0, patient=f"p{number}")) for number in range(MOST_PATIENTS + 1)]

        with pytest.raises(TooManyAffectedError):
            await find_affected(a_case(), now=BEGAN, desk=a_desk(a_ledger(notes)))

    def test_fits_as_many_into_one_event(self) -> None:
        patients = [str(uuid.UUID(int=number)) for number in range(MOST_PATIENTS)]
        event = AffectedFound.model_validate(AffectedFound.example | {"patients": patients})

        assert len(event.to_record(source="/audit", now=BEGAN).value or b"") < AffectedFound.topic.max_message_bytes - 10_000


def kept(desk: AffectedDesk) -> Any:
    return desk.kept


@dataclass
class Ledger:
    """A real one, with some accesses in it."""

    desk: LedgerDesk
    affected: AffectedDesk
    first: datetime
    last: datetime

    async def told(self) -> list[AffectedFound]:
        rows = [row async for row in self.desk.database.outbox.find({"topic": AffectedFound.topic.name})]
        named = [row for row in rows if dict(row["headers"])["ce_type"] == AffectedFound.type.encode()]
        return [AffectedFound.from_value(bytes(row["value"])) for row in named]

    def case(self, state: str = "suspected") -> CaseChanged:
        return a_case(state, log=self.desk.log.topic, first=self.first, last=self.last)


@pytest.fixture
async def ledger(desk: LedgerDesk) -> Ledger:
    source = FakeSource()
    who = {"id": "clerk-1", "profession": "clerk", "site": "nord"}
    made = [source.note(actor=who, patient=f"p{number % 3}", outcome="answered") for number in range(9)]
    made += [source.note(actor=who, patient="p9", outcome="refused"), source.note(actor={"id": "other"}, patient="p8", outcome="answered")]
    times = [datetime.fromisoformat(json.loads(value)["time"]) for value, _ in made]
    async with desk.running("sequencer"):
        await desk.send(*made)
        await desk.sequences(size=len(made))
    has = desk.has
    store = AffectedStore(has.mongo, desk.database, has.outbox)
    await store.ensure_indexes()
    affected = replace(has.affected_desk(), kept=store, end_of=lambda topic: end_of_log(has.connection, topic))
    return Ledger(desk, affected, min(times), max(times))


class TestOnServers:
    async def test_tells_once_with_the_row(self, ledger: Ledger) -> None:
        await find_affected(ledger.case(), now=BEGAN, desk=ledger.affected)
        await find_affected(ledger.case(), now=BEGAN, desk=ledger.affected)

        [found] = await ledger.told()
        assert (found.patients, found.accesses, found.through) == (["p0", "p1", "p2"], 9, 10)
        assert await ledger.affected.kept.read_to("case-1") == 11
        assert [row["_id"] async for row in ledger.desk.database.affected.find({})] == ["case-1/suspected"]

    async def test_tells_again_when_the_case_is_confirmed(self, ledger: Ledger) -> None:
        await find_affected(ledger.case(), now=BEGAN, desk=ledger.affected)
        await find_affected(ledger.case("confirmed"), now=BEGAN, desk=ledger.affected)

        assert [one.accesses for one in await ledger.told()] == [9, 9]

    async def test_tells_once_when_two_processes_compute_at_once(self, ledger: Ledger) -> None:
        await asyncio.gather(*(find_affected(ledger.case(), now=BEGAN, desk=ledger.affected) for _ in range(4)))

        assert len(await ledger.told()) == 1

    async def test_waits_for_notes_that_are_not_sequenced(self, ledger: Ledger) -> None:
        late = FakeSource().note(actor={"id": "clerk-1"}, patient="p7", outcome="answered")
        await ledger.desk.send(late)
        last = datetime.fromisoformat(json.loads(late[0])["time"])
        case = ledger.case().model_copy(update={"last": last})
        with pytest.raises(LedgerBehindError):
            await find_affected(case, now=BEGAN, desk=replace(ledger.affected, patience=timedelta(seconds=0.5)))

        async with ledger.desk.running("sequencer"):
            await find_affected(case, now=BEGAN, desk=ledger.affected)

        [found] = await ledger.told()
        assert found.patients == ["p0", "p1", "p2", "p7"]
