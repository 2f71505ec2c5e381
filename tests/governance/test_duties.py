"""Until when a duty holds, and that the drawing of it is what the rules do."""

import re
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from services.governance.duties import enrolled, is_due, lapsed, passed, set_by, state_of
from services.governance.model import Duty, DutyState, Through
from services.records.model import Standing
from tests.governance.governance_desk import NOW, a_duty, a_member

YEAR = timedelta(days=365)
DRAWING = Path(__file__).parents[2] / "docs" / "lifecycles" / "duty.md"


class TestEnrolled:
    def test_begins_fulfilled_for_the_modules_validity(self) -> None:
        assert enrolled({}, {"basics": YEAR}, now=NOW) == {"basics": Duty(NOW + YEAR, Through.ENROLLED, NOW)}

    def test_leaves_what_is_there_as_it_is(self) -> None:
        kept = a_duty(days=-5, through=Through.PASSED)

        assert enrolled({"basics": kept}, {"basics": YEAR}, now=NOW) == {"basics": kept}

    def test_drops_what_is_not_asked_for_any_more(self) -> None:
        assert enrolled({"old": a_duty()}, {}, now=NOW) == {}


class TestPassed:
    @pytest.mark.parametrize(("days", "until"), [(-400, YEAR), (0, YEAR), (364, YEAR), (365, YEAR), (400, timedelta(days=400))])
    def test_keeps_the_later_date(self, days: float, until: timedelta) -> None:
        assert passed(a_duty(days=days), YEAR, now=NOW).until == NOW + until

    def test_changes_nothing_when_the_date_is_later_already(self) -> None:
        duty = a_duty(days=400, through=Through.SET, by="trainer")

        assert passed(duty, YEAR, now=NOW) is duty


class TestSetBy:
    @pytest.mark.parametrize("days", [-300, 0, 50])
    def test_is_the_trainers_word(self, days: float) -> None:
        until = NOW + timedelta(days=days)

        assert set_by(a_duty(), until, "trainer", now=NOW) == Duty(until, Through.SET, NOW, "trainer")

    def test_with_the_same_date_changes_nothing(self) -> None:
        duty = a_duty()

        assert set_by(duty, duty.until, "trainer", now=NOW) is duty


class TestIsDue:
    @pytest.mark.parametrize(("days", "due"), [(-400, True), (0, True), (29.9, True), (30, False), (300, False)])
    def test_begins_thirty_days_before_the_date(self, days: float, due: bool) -> None:
        assert is_due(a_member(duties={"basics": a_duty(days=days)}), "basics", NOW) is due

    def test_asks_nothing_of_who_has_left(self) -> None:
        assert not is_due(a_member(active=False, duties={"basics": a_duty(days=-1)}), "basics", NOW)


class TestStateOf:
    @pytest.mark.parametrize(("seconds", "state"), [(-0.001, DutyState.FULFILLED), (0, DutyState.LAPSED), (1, DutyState.LAPSED)])
    def test_lapses_at_its_date(self, seconds: float, state: DutyState) -> None:
        duty = a_duty()

        assert state_of(duty, duty.until + timedelta(seconds=seconds)) is state

    @pytest.mark.parametrize("days", [-1, 0, 1])
    def test_is_what_records_makes_of_the_same_date(self, days: float) -> None:
        member = a_member(duties={"basics": a_duty(days=days)})
        standing = Standing(1, duties={module: duty.until for module, duty in member.duties.items()})

        assert lapsed(member, NOW) == standing.lapsed(NOW)


class TestDrawing:
    def test_is_what_the_rules_do(self) -> None:
        drawn = set(re.findall(r"^\s+(\S+) --> (\S+): (\S+)$", DRAWING.read_text(), re.MULTILINE))

        assert drawn == real_edges()

    def test_names_what_the_code_names(self) -> None:
        named = {word for edge in re.findall(r"^\s+(\S+) --> (\S+): (\S+)$", DRAWING.read_text(), re.MULTILINE) for word in edge}

        assert named == {"[*]", "time", *DutyState.__members__, *Through.__members__}


def real_edges() -> set[tuple[str, str, str]]:
    """Every rule from every state, some days before and after the date."""
    edges = {("[*]", state_of(enrolled({}, {"basics": YEAR}, now=NOW)["basics"], NOW).name, Through.ENROLLED.name)}
    for days, other in product((-2, -1, 1, 2), repeat=2):
        duty = a_duty(days=days)
        before = state_of(duty, NOW).name
        set_ = set_by(duty, NOW + timedelta(days=other), "trainer", now=NOW)
        edges.add((before, state_of(passed(duty, YEAR, now=NOW), NOW).name, Through.PASSED.name))
        if set_ is not duty:
            edges.add((before, state_of(set_, NOW).name, Through.SET.name))
        later = state_of(duty, duty.until + timedelta(days=abs(other))).name
        if later != before:
            edges.add((before, later, "time"))
    return edges
