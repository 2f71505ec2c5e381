"""The windows find what a slow and obvious count over all notes finds, in whatever order they come."""

import operator
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit.detecting.rule import Correlation, Label
from services.audit.detecting.windows import LATE, Windows
from services.audit.seen_note import SeenNote

SECOND = 1_000_000
SPAN = 20 * SECOND
KEPT_FOR = SPAN + LATE
COMPARE: dict[str, Callable[[int, int], bool]] = {
    "gte": operator.ge,
    "gt": operator.gt,
    "lt": operator.lt,
    "lte": operator.le,
    "eq": operator.eq,
}


def a_correlation(compare: str = "gte", wanted: int = 3, *, distinct: bool = True) -> Correlation:
    label = Label("many", "Many", "high", "1")
    counted = "patient" if distinct else None
    return Correlation(label, (lambda _said: True,), ("actor",), SPAN, lambda count: COMPARE[compare](count, wanted), counted)


@dataclass(frozen=True)
class Came:
    """A note that comes in when the clock stands so."""

    note: SeenNote
    offset: int
    clock: int


def came(offset: int, moment: int, *, clock: int | None = None, actor: str = "a", patient: Any = "p", ident: str | None = None) -> Came:
    note = SeenNote(ident or f"n{offset}", moment, {"actor": actor, "patient": patient})
    return Came(note, offset, moment if clock is None else clock)


Found = tuple[int, int, list[str]]


def take(windows: Windows, one: Came) -> Found | None:
    windows.forget(one.clock)
    crossing = windows.take(one.note, one.offset, one.clock)
    return (one.offset, crossing.count, [entry.ident for entry in crossing.entries]) if crossing else None


def quick(rule: Correlation, arrivals: list[Came]) -> list[Found]:
    windows = Windows(rule)
    return [found for one in arrivals if (found := take(windows, one))]


def slow(rule: Correlation, arrivals: list[Came]) -> list[Found]:
    """The definition: counted again from nothing for every stretch of every note."""
    kept: list[Came] = []
    crossed: list[tuple[int, str, int]] = []
    found: list[Found] = []
    for one in arrivals:
        group, moment = one.note.said["actor"], one.note.moment
        kept = [each for each in kept if one.clock - each.clock <= KEPT_FOR]
        crossed = [each for each in crossed if one.clock - each[0] <= KEPT_FOR]
        before = len(kept)
        kept = [each for each in kept if (each.note.ident, each.note.said["actor"]) != (one.note.ident, group)]
        is_copy = len(kept) < before
        kept.append(one)
        if is_copy or any(who == group and abs(moment - ended) < SPAN for _, who, ended in crossed):
            continue
        mine = sorted((each.note.moment, each.offset, each) for each in kept if each.note.said["actor"] == group)
        for ends, offset, _ in mine:
            if (ends, offset) >= (moment, one.offset) and ends < moment + SPAN:
                inside = [each for at, place, each in mine if ends - SPAN < at and (at, place) <= (ends, offset)]
                count = len({each.note.said["patient"] for each in inside}) if rule.counted else len(inside)
                if rule.holds(count):
                    found.append((one.offset, count, [each.note.ident for each in inside]))
                    crossed.append((one.clock, group, ends))
                    break
    return found


@st.composite
def arrivals(draw: st.DrawFn) -> list[Came]:
    """Mostly in order, some late, some twice, some after a long silence, by few actors about few patients."""
    listed: list[Came] = []
    clock = 0
    for offset in range(draw(st.integers(0, 60))):
        clock += draw(st.sampled_from([0, 1, 1, 2, 5, 9])) * SECOND + draw(st.sampled_from([0] * 12 + [KEPT_FOR, KEPT_FOR // 2]))
        late = draw(st.sampled_from([0, 0, 0, 1, 3, 21, 40, 200])) * SECOND
        if listed and draw(st.integers(0, 9)) == 0:
            again = draw(st.sampled_from(listed))
            listed.append(Came(again.note, offset, clock))
        else:
            listed.append(came(offset, clock - late, clock=clock, actor=draw(st.sampled_from("ab")), patient=draw(st.sampled_from("pqrs"))))
    return listed


RULES = st.builds(a_correlation, st.sampled_from(sorted(COMPARE)), st.integers(1, 4), distinct=st.booleans())


class TestWindows:
    @settings(deadline=None, max_examples=150)
    @given(RULES, arrivals())
    def test_find_what_a_slow_count_finds(self, rule: Correlation, notes: list[Came]) -> None:
        assert quick(rule, notes) == slow(rule, notes)

    @settings(deadline=None, max_examples=80)
    @given(RULES, arrivals(), st.integers(0, 60))
    def test_are_the_same_read_again_from_the_oldest(self, rule: Correlation, notes: list[Came], after: int) -> None:
        whole, again = Windows(rule), Windows(rule)
        for one in notes[:after]:
            take(whole, one)
        rewind, _clock = whole.oldest or (after, 0)
        crossed = {one.offset: one.ended for one in whole.crossed}
        for one in notes[rewind:after]:
            again.forget(one.clock)
            again.recall(one.note, one.offset, one.clock, crossed.get(one.offset))

        assert [take(again, one) for one in notes[after:]] == [take(whole, one) for one in notes[after:]]

    @settings(deadline=None, max_examples=80)
    @given(st.lists(st.tuples(st.integers(0, 100), st.sampled_from("pqrstu")), max_size=25), st.randoms(use_true_random=False))
    def test_suspect_the_same_groups_in_any_order(self, made: list[tuple[int, str]], order: random.Random) -> None:
        shuffled = order.sample(made, len(made))
        orders = [[came(offset, at * SECOND, clock=0, patient=who) for offset, (at, who) in enumerate(notes)] for notes in (made, shuffled)]

        first, second = (bool(quick(a_correlation(wanted=4), notes)) for notes in orders)

        assert first == second

    def test_count_a_note_that_comes_twice_once(self) -> None:
        notes = [came(0, 0), came(1, SECOND, patient="q"), came(2, SECOND, patient="q", ident="n1"), came(3, 2 * SECOND, patient="q")]

        assert quick(a_correlation(wanted=3, distinct=False), notes) == [(3, 3, ["n0", "n1", "n3"])]

    def test_leave_out_what_is_exactly_a_span_old(self) -> None:
        notes = [came(0, 0, patient="p"), came(1, 1, patient="q"), came(2, SPAN, patient="r")]

        assert quick(a_correlation(wanted=3), notes) == []
        assert quick(a_correlation(wanted=2), notes[1:]) == [(2, 2, ["n1", "n2"])]

    def test_stay_quiet_until_the_span_has_passed(self) -> None:
        notes = [came(number, number * SECOND, patient=f"p{number}") for number in range(60)]

        found = quick(a_correlation(wanted=5), notes)

        assert [offset for offset, _, _ in found] == [4, 24, 44]
        assert [count for _, count, _ in found] == [5, 20, 20]

    def test_do_not_let_a_wrong_clock_hide_anything(self) -> None:
        ahead = came(0, 3600 * SECOND, clock=0, patient="x")
        notes = [ahead, *(came(number, number * SECOND, patient=f"p{number}") for number in range(1, 6))]

        assert [offset for offset, _, _ in quick(a_correlation(wanted=5), notes)] == [5]

    def test_find_what_waited_in_an_outbox(self) -> None:
        """While newer notes of the same actor came by already."""
        live = [came(number, (1000 + 30 * number) * SECOND, patient="p") for number in range(10)]
        late = [came(10 + number, number * SECOND, clock=1300 * SECOND, patient=f"p{number}") for number in range(5)]

        assert [offset for offset, _, _ in quick(a_correlation(wanted=5), [*live, *late])] == [14]

    @pytest.mark.parametrize("missing", [None, ["a"], {"a": 1}])
    def test_do_not_count_what_says_nothing(self, missing: Any) -> None:
        notes = [came(0, 0, patient=missing), came(1, 1, patient="q"), came(2, 2, actor=missing, patient="r")]

        assert quick(a_correlation(wanted=1), notes) == [(1, 1, ["n1"])]


class TestMemory:
    def test_is_bounded_by_time(self) -> None:
        windows = Windows(a_correlation(wanted=1000))
        held = []
        for number in range(3000):
            take(windows, came(number, number * SECOND, actor=f"a{number}"))
            held.append(len(windows._groups))

        assert max(held) == held[-1] == KEPT_FOR // SECOND + 1
        assert windows.oldest == (3000 - held[-1], (3000 - held[-1]) * SECOND)

    def test_holds_nothing_after_a_silence(self) -> None:
        windows = Windows(a_correlation(wanted=2))
        for number in range(100):
            take(windows, came(number, number, patient=f"p{number}"))

        windows.forget(KEPT_FOR + 101)

        assert windows.oldest is None
        assert windows._groups == {}


class TestCost:
    @pytest.mark.parametrize("actors", [1, 500])
    def test_is_flat(self, actors: int) -> None:
        """Per note, with a hundred times as many in mind; a note now and then is a little late."""
        small, large = (self.microseconds(history, actors) for history in (1_000, 100_000))

        assert large < 2 * small, f"{small:.2f} and {large:.2f} microseconds a note"

    def microseconds(self, history: int, actors: int) -> float:
        draw = random.Random(7)  # noqa: S311 - a seed, not a secret
        step = SPAN // history
        windows = Windows(a_correlation("gte", 10_000_000))
        notes = []
        for number in range(history + 5_000):
            late = draw.choice([0, 0, 0, 3]) * step
            notes.append(
                came(number, number * step - late, clock=number * step, actor=f"a{number % actors}", patient=f"p{draw.randrange(50)}")
            )
        for one in notes[:history]:
            take(windows, one)
        best = float("inf")
        for chunk in range(history, history + 5_000, 500):
            began = time.process_time()
            for one in notes[chunk : chunk + 500]:
                take(windows, one)
            best = min(best, time.process_time() - began)
        return best / 500 * 1e6
