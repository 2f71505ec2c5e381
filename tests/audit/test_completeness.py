"""The rules that judge a source, as tables of cases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.audit.model import Source
from services.audit.numbers_seen import NumbersSeen
from services.audit.sequencing.completeness import hear, is_open, silence_of
from services.audit.sequencing.incoming import Heartbeat
from services.audit.verifying.compare_numbers import compare_numbers

NOW = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
ONE = "0" * 31 + "1"
MINUTE = timedelta(seconds=60)


def a_source(*seen: int, **facts: object) -> Source:
    numbers = NumbersSeen()
    for number in seen:
        numbers.add(number)
    return replace(Source(ONE, NOW, numbers), **facts)


def a_beat(state: str = "alive", *, lowest: int = 0, following: int = 0) -> Heartbeat:
    return Heartbeat(7, ONE, state, lowest, following)


class TestHear:
    @pytest.mark.parametrize(
        ("source", "beat", "told"),
        [
            (a_source(1, 2, 3), a_beat(lowest=4, following=4), None),
            (a_source(1, 3), a_beat(lowest=2, following=4), None),
            (a_source(1, 3), a_beat(lowest=3, following=4), ("gap", [[2, 2]])),
            (a_source(1, 5), a_beat(lowest=6, following=6), ("gap", [[2, 4]])),
            (a_source(1, 3, 5), a_beat(lowest=6, following=6), ("gap", [[2, 2], [4, 4]])),
            (a_source(), a_beat(lowest=1, following=1), None),
            (a_source(), a_beat(lowest=3, following=3), ("gap", [[1, 2]])),
            (a_source(1, 5, checked=6), a_beat(lowest=6, following=6), None),
            (a_source(1, 5, checked=6), a_beat(lowest=8, following=8), ("gap", [[6, 7]])),
            (a_source(1, 2), a_beat("left", lowest=3, following=3), None),
            (a_source(1), a_beat("left", lowest=2, following=3), None),
            (a_source(1, 3), a_beat("left", lowest=4, following=4), ("gap", [[2, 2]])),
            (a_source(1, 2), a_beat("dead"), ("unclean-end", [])),
            (a_source(1, 3), a_beat("dead"), ("unclean-end", [[2, 2]])),
            (a_source(1, 3, next=6), a_beat("dead"), ("unclean-end", [[2, 2], [4, 5]])),
            (a_source(1, 3, 5, checked=3), a_beat("dead"), ("unclean-end", [[4, 4]])),
            (a_source(), a_beat("dead"), ("unclean-end", [])),
        ],
    )
    def test_tells_what_is_missing(self, source: Source, beat: Heartbeat, told: tuple[str, list[list[int]]] | None) -> None:
        _, suspicions = hear(source, beat, topic="t", now=NOW)

        assert [(each.rule, each.evidence["missing"]) for each in suspicions] == ([told] if told else [])

    def test_tells_a_number_once(self) -> None:
        once, told = hear(a_source(2), a_beat(lowest=3, following=3), topic="t", now=NOW)
        _, again = hear(once, a_beat(lowest=3, following=3), topic="t", now=NOW)

        assert [each.ident for each in told] == [f"gap/t/{ONE}/1"]
        assert not again

    def test_names_the_last_number_of_a_killed_one(self) -> None:
        _, [ended] = hear(a_source(1, 2, 41), a_beat("dead"), topic="t", now=NOW)

        assert (ended.ident, ended.evidence["last_number"]) == (f"unclean-end/t/{ONE}", 41)

    def test_never_forgets_that_one_left(self) -> None:
        left, _ = hear(a_source(1), a_beat("left", lowest=2, following=2), topic="t", now=NOW)
        back, _ = hear(left, a_beat(lowest=2, following=2), topic="t", now=NOW)

        assert back.state == "left"

    def test_lists_a_hundred_intervals_and_counts_all(self) -> None:
        _, [gap] = hear(a_source(*range(2, 1000, 2)), a_beat(lowest=999, following=999), topic="t", now=NOW)

        assert len(gap.evidence["missing"]) == 100
        assert gap.evidence["missing_count"] == 499


class TestSilence:
    @pytest.mark.parametrize(
        ("source", "after", "listening", "told"),
        [
            (a_source(1), 60, 0, False),
            (a_source(1), 61, 0, True),
            (a_source(1), 61, 30, False),
            (a_source(1), 100, 30, True),
            (a_source(1, silent=True), 100, 0, False),
            (a_source(1, state="dead"), 100, 0, False),
            (a_source(1, state="left", next=2), 100, 0, False),
            (a_source(1, state="left", next=3), 100, 0, True),
        ],
    )
    def test_is_told_once_we_have_listened_long_enough(self, source: Source, after: int, listening: int, told: bool) -> None:
        now, since = NOW + timedelta(seconds=after), NOW + timedelta(seconds=listening)

        found = silence_of(source, topic="t", now=now, listening_since=since, bound=MINUTE)

        assert (found is not None) is told

    def test_ends_with_the_next_heartbeat(self) -> None:
        back, _ = hear(a_source(1, silent=True), a_beat(lowest=2, following=2), topic="t", now=NOW)

        assert not back.silent
        assert is_open(back)


class TestCompareNumbers:
    @pytest.mark.parametrize(
        ("entries", "source", "told"),
        [
            ([1, 2], a_source(1, 2, lowest=3, next=3), []),
            ([1, 3], a_source(1, 3, lowest=2, next=4), []),
            ([1, 3], a_source(1, 3, lowest=4, next=4), [("failure", "gap")]),
            ([1], a_source(1, 2, lowest=3, next=3), [("failure", "numbers-altered"), ("failure", "gap")]),
            ([1, 2], a_source(1), [("failure", "numbers-altered")]),
            ([1, 3], a_source(1, 3, state="dead", lowest=2), [("warning", "unclean-end")]),
            ([1], a_source(1, state="dead", lowest=2, next=3), [("warning", "unclean-end")]),
            ([1], a_source(1, state="left", lowest=2, next=3), [("warning", "notes-owed")]),
            ([1, 2], a_source(1, 2, state="left", lowest=3, next=3), []),
        ],
    )
    def test_classes_what_is_missing(self, entries: list[int], source: Source, told: list[tuple[str, str]]) -> None:
        found = compare_numbers("t", {ONE: a_source(*entries).seen}, [source])

        assert [(each.severity, each.rule) for each in found] == told

    def test_misses_a_source_that_is_only_in_the_entries(self) -> None:
        assert [each.rule for each in compare_numbers("t", {ONE: a_source(1).seen}, [])] == ["numbers-altered"]
