# ruff: noqa: T201 - the long campaign tells how to play it again
"""Kills processes under load, one after another, and counts afterwards: nothing acknowledged is lost, doubled or unnoted."""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import httpx
import pytest

from cli.story import ledger_view
from services.audit.verifying.report import Report
from tests.builders import Desk
from tests.faults.ground import Ground
from tests.faults.load import Books, Load, keep_tokens_fresh, make_load, marks_in

LONG = os.environ.get("SERMENT_CAMPAIGN") == "long"
VICTIMS = ("nord-b", "audit", "nord-a", "kafka-1", "mongodb", "openbao")
SHORT = (("nord-b",), ("audit",), ("kafka-1", "nord-b"), ("mongodb",), ("nord-a",), ("openbao",))
"""While Kafka is away one replica dies, whose last notes are in the outbox or lost, and the other lives to send its own twice."""
_LASTS = 600.0
_WARM_UP = 3.0
_BACK_WITHIN = 15.0
_ANSWERS = 20
"""Of each replica in a second: a few of each caller, whatever else the machine does."""


@dataclass
class Campaign:
    """What was killed, what callers were told, and what is left of it in the stores and the ledger."""

    books: Books
    recovered_after: float
    notes: list[dict[str, Any]]
    marks: Counter[str]
    versions: dict[str, int]
    report: Report
    entries: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.entries = Counter(note["id"] for note in self.notes)


@pytest.fixture(scope="module")
def campaign(ground: Ground) -> Campaign:
    seed = int(os.environ.get("SERMENT_SEED", "0")) or (random.SystemRandom().randrange(1, 10**9) if LONG else 1)
    print(f"The campaign's seed is {seed}; SERMENT_SEED={seed} plays it again.")
    with httpx.Client(timeout=60, trust_env=False) as http:
        desk = Desk(ground.running, http)
        load = make_load(desk, seed=seed)
        since = desk.ledger_size()
        recovered_after = asyncio.run(fight(ground, desk, load, random.Random(seed)))  # noqa: S311
        ground.wait_until_ready()
        books = load.books
        print(f"{len(books.answered)} answers; {dict(books.errors)}")
        print(f"Both replicas answered everybody {recovered_after:.1f} s after the last restart.")
        notes = settled_notes(ground, desk, books, since)
        marks = sum((marks_in(desk, patient) for patient in load.charts), Counter())
        answers = {address: desk.ask("GET", address, "a.martin") for address in [*books.current, *books.created.values()]}
        versions = {address: int(answer.json()["meta"]["versionId"]) for address, answer in answers.items()}
        return Campaign(books, recovered_after, notes, marks, versions, ledger_view.whole_report(ground.auditor))


async def fight(ground: Ground, desk: Desk, load: Load, dice: random.Random) -> float:
    """Seconds from the last restart until everybody is answered again."""
    callers, fresh = asyncio.create_task(load.run()), asyncio.create_task(keep_tokens_fresh(load, desk))
    await asyncio.sleep(_WARM_UP)
    now = time.monotonic()
    for together, breath in victims(dice, now + _LASTS):
        print(f"{time.monotonic() - now:6.1f} s: killed: {', '.join(together)}.")
        for victim in together:
            await asyncio.to_thread(ground.child(victim).kill)
            await asyncio.sleep(1 / len(together))
        for victim in together:
            await asyncio.to_thread(ground.start_again, victim)
        restarted = time.monotonic()
        await asyncio.sleep(breath)
    back = await until_back(load, since=restarted)
    load.stopped = True
    fresh.cancel()
    await callers
    return back


def victims(dice: random.Random, end: float) -> Iterator[tuple[Sequence[str], float]]:
    """Who is killed together, and how long everybody has afterwards."""
    if not LONG:
        yield from ((together, 2.5) for together in SHORT)
        return
    while time.monotonic() < end:
        yield dice.sample(VICTIMS, dice.choice([1, 1, 2])), dice.uniform(0.2, 8)


async def until_back(load: Load, *, since: float) -> float:
    """During one whole second each replica answered and nobody stayed without; infinite after 30 s."""
    books = load.books
    while (now := time.monotonic()) < since + 30:
        rates = books.rates(now - 1, now)
        if now - 1 > max(since, books.failed_at) and all(rates[base] >= _ANSWERS for base in load.bases):
            return now - 1 - since
        await asyncio.sleep(0.1)
    return float("inf")


def settled_notes(ground: Ground, desk: Desk, books: Books, since: int) -> list[dict[str, Any]]:
    """Once what was decided has arrived; whatever has not by then is lost."""
    deadline = time.monotonic() + 30
    while True:
        desk.ledger_size()
        notes = ground.notes(since=since)
        if not set(books.decisions) - {note["id"] for note in notes} or time.monotonic() > deadline:
            return notes


class TestACampaign:
    def test_shows_callers_nothing_but_right_answers_and_fifties(self, campaign: Campaign) -> None:
        assert campaign.books.wrong == []

    def test_had_enough_in_flight_to_prove_something(self, campaign: Campaign) -> None:
        books = campaign.books
        assert len(books.decisions) > 500
        assert min(len(books.created), len(books.updated), len(books.refused)) > 20
        assert sum(books.errors.values()) > 20

    def test_leaves_each_decision_in_the_ledger_once(self, campaign: Campaign) -> None:
        decisions = campaign.books.decisions
        assert len(decisions) == len(set(decisions))
        assert Counter(campaign.entries[decision] for decision in decisions) == {1: len(decisions)}

    def test_leaves_no_note_twice(self, campaign: Campaign) -> None:
        assert [note for note, times in campaign.entries.items() if times > 1] == []

    def test_leaves_one_note_of_each_refusal(self, campaign: Campaign) -> None:
        about = Counter((note.get("resource"), note["status"]) for note in campaign.notes if note["action"] == "read")
        refused = campaign.books.refused
        assert Counter(about[told] for told in refused.items()) == {1: len(refused)}

    def test_notes_a_refusal_that_nobody_heard_once_at_most(self, campaign: Campaign) -> None:
        about = Counter(note.get("resource") for note in campaign.notes if note["action"] == "read")
        assert {about[address] for address in campaign.books.doubtful} <= {0, 1}

    def test_keeps_each_acknowledged_creation_once(self, campaign: Campaign) -> None:
        books = campaign.books
        assert Counter(campaign.marks[mark] for mark in books.created) == {1: len(books.created)}
        assert {campaign.versions[address] for address in books.created.values()} == {1}
        assert {campaign.marks[mark] for mark in books.doubtful_marks} <= {0, 1}
        assert campaign.marks.keys() <= books.created.keys() | books.doubtful_marks

    def test_keeps_each_acknowledged_update(self, campaign: Campaign) -> None:
        books, stored = campaign.books, campaign.versions
        last: dict[str, int] = {}
        for address, version in books.updated:
            last[address] = max(version, last.get(address, 1))
        assert [address for address, version in last.items() if stored[address] < version] == []
        assert [address for address, version in books.current.items() if version is not None and stored[address] != version] == []

    def test_tells_of_each_version_once(self, campaign: Campaign) -> None:
        writes = Counter((f"{write[0]}/{write[1]}", write[2]) for note in campaign.notes for write in note.get("writes", []))
        versions: dict[str, list[int]] = {}
        for address, version in sorted(writes):
            versions.setdefault(address, []).append(version)
        assert set(writes.values()) == {1}
        assert campaign.books.updated <= writes.keys()
        assert {(address, 1) for address in campaign.books.created.values()} <= writes.keys()
        assert [address for address, found in versions.items() if any(after != before + 1 for before, after in pairwise(found))] == []

    def test_leaves_a_ledger_that_verifies(self, campaign: Campaign) -> None:
        assert campaign.report.ok, campaign.report.findings
        assert campaign.report.rules.keys() <= {"unclean-end"}

    def test_is_over_within_fifteen_seconds(self, campaign: Campaign) -> None:
        assert campaign.recovered_after <= _BACK_WITHIN
