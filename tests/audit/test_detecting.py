"""The shipped rules find what they are for, once, whatever crashes and however often it is read."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.detecting.detect import ReadingInDoubtError, judge, take_up
from services.audit.detecting.detector import Detector
from services.audit.detecting.positions import Position
from services.audit.model import Log, Suspicion
from shared.notes import HEARTBEAT
from shared.telemetry import trace_headers
from tests.audit.detecting_desk import BEGAN, CrashError, Crashing, FakeSuspicions, MemoryDesk, Recorded, records, said, shipped

BOOK = shipped()
HEART = json.dumps({"id": "h", "time": "2026-11-25T08:00:00.000Z", "type": HEARTBEAT, "state": "alive", "lowest": 1, "next": 1}).encode()


def idents(log: Sequence[Recorded]) -> list[str]:
    detector = Detector(BOOK)
    return [suspicion.ident for record in log for suspicion in detector.take(record)]


def a_round(count: int, *, every: float = 1.0, actor: str = "clerk-1", name: str = "n", **facts: Any) -> list[dict[str, Any]]:
    """One actor reads so many patients."""
    return [said(f"{name}{number}", at=number * every, actor=actor, patient=f"patient-{number}", **facts) for number in range(count)]


class TestColleague:
    def test_is_suspected_when_opened_without_a_relationship(self) -> None:
        log = records([said("n1", colleague=True), said("n2", colleague=True, who={"profession": "clinician"})])

        assert idents(log) == ["colleague-lookup/clerk-1/n1", "colleague-lookup/clerk-1/n2"]

    @pytest.mark.parametrize(
        "otherwise",
        [
            {"colleague": False},
            {"outcome": "refused"},
            {"relationship": "participant"},
            {"relationship": "unit"},
            {"who": {"profession": "privacy-officer"}},
            {"who": {"profession": "patient"}},
        ],
    )
    def test_is_not_suspected_otherwise(self, otherwise: dict[str, Any]) -> None:
        assert idents(records([said("n1", **{"colleague": True} | otherwise)])) == []
        assert idents(records([said("n1")])) == []

    def test_tells_who_and_when(self) -> None:
        [suspicion] = Detector(BOOK).take(records([said("n1", at=1.25, colleague=True)])[0])

        told = dict(suspicion.evidence)
        version = told.pop("version")
        assert told == {
            "actor": "clerk-1",
            "actorSite": "nord",
            "count": 1,
            "first": "2026-11-25T08:00:01.250Z",
            "last": "2026-11-25T08:00:01.250Z",
            "notes": ["n1"],
            "level": "high",
            "title": "Record of a colleague opened without a care relationship",
        }
        assert version.startswith("2026-11-25/")
        assert suspicion.rule == "colleague-lookup"


class TestBulkLookup:
    def test_is_suspected_at_the_twentieth_patient(self) -> None:
        log = records(a_round(39, every=6.0))

        assert idents(log) == ["bulk-lookup/clerk-1/n19"]

    def test_is_not_suspected_of_the_same_patient_or_slower(self) -> None:
        assert idents(records([said(f"n{number}", at=number) for number in range(60)])) == []
        assert idents(records(a_round(60, every=6.4))) == []

    @pytest.mark.parametrize(
        "otherwise", [{"outcome": "refused"}, {"action": "create"}, {"who": {"profession": "patient"}}, {"patient": None}], ids=str
    )
    def test_counts_only_what_staff_was_answered_about_patients(self, otherwise: dict[str, Any]) -> None:
        assert idents(records([said(f"n{n}", at=n, **{"patient": f"p{n}"} | otherwise) for n in range(30)])) == []

    def test_tells_the_stretch(self) -> None:
        detector, log = Detector(BOOK), records(a_round(60, every=1.0))
        [suspicion] = [found for record in log for found in detector.take(record)]

        assert {name: suspicion.evidence[name] for name in ("actor", "count", "first", "last", "level")} == {
            "actor": "clerk-1",
            "count": 20,
            "first": "2026-11-25T08:00:00.000Z",
            "last": "2026-11-25T08:00:19.000Z",
            "level": "high",
        }
        assert suspicion.evidence["notes"] == [f"n{number}" for number in range(20)]

    def test_names_fifty_notes_at_most(self) -> None:
        detector, log = Detector(BOOK), records(a_round(300, every=0.5))
        found = [one for record in log for one in detector.take(record)]

        assert [one.evidence["count"] for one in found] == [20, 240]
        assert found[1].evidence["notes"] == [f"n{number}" for number in range(210, 260)]

    def test_ends_its_quiet_when_the_window_has_passed(self) -> None:
        assert idents(records(a_round(300, every=1.0))) == [f"bulk-lookup/clerk-1/n{number}" for number in (19, 139, 259)]


class TestEmergencyWithoutFollowUp:
    def test_is_suspected_when_nothing_was_written(self) -> None:
        ended = {"type": "org.serment.records.emergency-ended.v1", "outcome": None, "followedUp": False}

        assert idents(records([said("n1", **ended)])) == ["emergency-without-follow-up/clerk-1/n1"]
        assert idents(records([said("n1", **ended | {"followedUp": True})])) == []
        assert idents(records([said("n1", followedUp=False)])) == []


class TestDetector:
    @pytest.mark.parametrize(
        "value",
        [
            None,
            b"",
            b"\xff",
            b"[]",
            b"7",
            b'"id"',
            b"{}",
            b'{"id": "a"}',
            b'{"id": "", "time": "2026-11-25T08:00:00Z"}',
            b'{"id": 5, "time": "x"}',
        ]
        + [
            json.dumps({"id": "n", "time": time, "colleague": True}).encode()
            for time in ("2026-11-25T08:00:00", "yesterday", 5, None, "", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-01:00")
        ]
        + [HEART, b"[" * 5000, b'{"id": "' + b"x" * 65 + b'", "time": "2026-11-25T08:00:00Z"}'],
    )
    def test_passes_over_what_is_no_event(self, value: bytes | None) -> None:
        assert idents(records([value])) == []

    def test_reads_notes_that_the_ledger_could_not_file(self) -> None:
        note = said("n1", colleague=True)
        del note["salt"], note["number"]

        assert idents(records([note])) == ["colleague-lookup/clerk-1/n1"]

    def test_tells_no_patient_in_an_id(self) -> None:
        """Ids are logged; somebody whose id is no text stands there as a digest too."""
        log = records([said("n1", colleague=True, who={"id": 5}), said("n2", colleague=True, who={"id": None})])

        assert all(one.split("/")[1].isalnum() and len(one.split("/")[1]) == 16 for one in idents(log))

    def test_forgets_by_the_timestamps_of_any_record(self) -> None:
        early, late = a_round(10), [said(f"m{n}", at=20 + n, patient=f"q{n}") for n in range(10)]
        soon, hours_later = lambda number: number, lambda number: number if number < 11 else 7200 + number

        assert idents(records([*early, HEART, *late], sent=soon)) == ["bulk-lookup/clerk-1/m9"]
        assert idents(records([*early, HEART, *late], sent=hours_later)) == []


def a_busy_log(seed: int = 3) -> list[Recorded]:
    """Three people who read in bulk, colleagues, heartbeats, copies, late notes and rubbish."""
    draw = random.Random(seed)  # noqa: S311 - a seed, not a secret
    notes: list[tuple[float, Any]] = []
    for actor in ("ann", "ben", "cem"):
        start, pace = draw.uniform(0, 200), draw.uniform(2, 5)
        for number in range(90):
            at = start + number * pace
            flags = {"colleague": True} if draw.random() < 0.03 else {}
            note = said(f"{actor}-{number}", at=at, actor=actor, patient=f"patient-{draw.randrange(60)}", **flags)
            delay = draw.choice([0.0] * 8 + [1.0, 30.0, 100.0])
            notes.append((at + delay, note))
            if draw.random() < 0.1:
                notes.append((at + draw.choice([0.2, 50.0, 250.0]), note))
    notes += [(draw.uniform(0, 600), draw.choice([HEART, b"rubbish"])) for _ in range(40)]
    notes.sort(key=lambda pair: pair[0])
    sent = [at for at, _ in notes]
    return records([note for _, note in notes], sent=lambda offset: sent[offset])


class TestWatching:
    async def test_finds_the_same_whatever_the_batch(self) -> None:
        log = a_busy_log()
        whole = idents(log)

        for batch in (1, 10, 1000):
            assert list(await MemoryDesk(BOOK, log, batch=batch).run_whatever_happens()) == list(dict.fromkeys(whole))
        assert len({ident.split("/")[0] for ident in whole}) == 2
        assert sum(ident.startswith("bulk-lookup") for ident in whole) >= 5

    async def test_finds_the_same_after_a_crash_at_any_step(self) -> None:
        """Between batches, before and after each suspicion, before and after each position."""
        log = a_busy_log()
        calm = MemoryDesk(BOOK, log)
        expected = await calm.run_whatever_happens()

        for step in range(1, calm.crashing.steps + 1):
            desk = MemoryDesk(BOOK, log, crashing=Crashing(at=step))
            assert await desk.run_whatever_happens() == expected, f"after a crash at step {step}"
        assert calm.crashing.steps > 100

    @settings(deadline=None, max_examples=60)
    @given(st.integers(0, 50), st.integers(1, 40), st.integers(1, 5), st.lists(st.integers(1, 60), max_size=8))
    async def test_finds_the_same_after_any_crashes(self, seed: int, batch: int, kept_every: int, crashes: list[int]) -> None:
        log = a_busy_log(seed)
        desk = MemoryDesk(BOOK, log, batch=batch, kept_every=kept_every)
        for steps in crashes:
            desk.crashing.at = desk.crashing.steps + steps
            await self.until_crash(desk)
        desk.crashing.at = 0

        assert (await desk.run_whatever_happens()).keys() == dict.fromkeys(idents(log)).keys()

    async def until_crash(self, desk: MemoryDesk) -> None:
        try:
            await desk.run()
        except CrashError:
            return

    async def test_finds_the_same_in_two_processes_that_share_a_position(self) -> None:
        log = a_busy_log()
        first, second = MemoryDesk(BOOK, log, batch=5, crashing=Crashing(at=90)), MemoryDesk(BOOK, log, batch=60, crashing=Crashing(at=20))
        second.suspicions.raised, second.desk = first.suspicions.raised, first.desk

        await self.until_crash(first)
        await self.until_crash(second)
        first.crashing.at = 0

        assert list(await first.run_whatever_happens()) == list(dict.fromkeys(idents(log)))

    async def test_raises_nothing_again_when_it_goes_on(self) -> None:
        desk = MemoryDesk(BOOK, a_busy_log())
        await desk.run()
        asked = list(desk.suspicions.asked)

        await desk.run()

        assert desk.suspicions.asked == asked

    async def test_reads_again_no_more_than_the_windows_need(self) -> None:
        log = records([said(f"n{n}", at=n, patient=f"p{n % 7}") for n in range(3000)])
        desk = MemoryDesk(BOOK, log, batch=100)
        await desk.run()

        watch = await take_up(beginning=0, end=3000, desk=desk.desk)

        assert watch.following == 3000
        assert 3000 - watch.next == 120 + 300 + 1

    async def test_begins_anew_on_a_log_that_is_shorter(self) -> None:
        desk = MemoryDesk(BOOK, records([said("n1", colleague=True)]))
        desk.positions.kept = Position(50, 40, 0)

        assert list(await desk.run_whatever_happens()) == ["colleague-lookup/clerk-1/n1"]

    async def test_doubts_a_log_that_goes_back(self) -> None:
        log = records([said(f"n{n}") for n in range(9)])
        desk = MemoryDesk(BOOK, log)
        watch = await desk.run()

        with pytest.raises(ReadingInDoubtError):
            await judge(log[:3], watch, now=BEGAN, desk=desk.desk)

    async def test_goes_on_with_the_trace_of_the_access(self) -> None:
        carried, trace = f"00-{'ab' * 16}-{'cd' * 8}-01".encode(), []

        class Traced(FakeSuspicions):
            async def raise_once(self, _about: Log, _suspicion: Suspicion, *, now: datetime) -> None:  # noqa: ARG002 - as the real one
                trace.append(trace_headers())

        log = [record._replace(headers=[("traceparent", carried)]) for record in records([said("n1", colleague=True), said("n2")])]
        desk = MemoryDesk(BOOK, log)
        desk.desk = replace(desk.desk, suspicions=Traced())  # type: ignore[arg-type]

        await desk.run()

        assert trace == [{"traceparent": carried.decode()}]

    @pytest.mark.parametrize("header", [b"\xff\xfe", b"", None, b"00-x"])
    async def test_raises_what_it_finds_whatever_the_trace_is(self, header: bytes | None) -> None:
        log = [record._replace(headers=[("traceparent", header)]) for record in records([said("n1", colleague=True)])]

        assert list(await MemoryDesk(BOOK, log).run_whatever_happens()) == ["colleague-lookup/clerk-1/n1"]

    async def test_begins_at_the_beginning_that_is_left(self) -> None:
        desk = MemoryDesk(BOOK, records([said("n1")]))
        desk.positions.kept = Position(50, 40, 0)

        watch = await take_up(beginning=45, end=60, desk=desk.desk)

        assert (watch.next, watch.following) == (45, 50)
