"""Proves how a case moves on, what its clocks do meanwhile, and that the drawings say the same."""

import dataclasses
import itertools
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.local.stack import ROOT
from services.notifier.cases.clocks import ClocksUnreadableError, load_clocks, started, stopped
from services.notifier.cases.lifecycle import MOVES, REASONS, Decision, Move, is_repeat, may_move, moved
from services.notifier.cases.model import Case, CaseKind, CaseState, Step
from services.notifier.cases.opening import case_ident, case_of
from services.notifier.messages.delivery import FOLLOWS
from services.notifier.messages.model import MessageState
from services.notifier.reviews.model import FINDINGS, Review, ReviewState
from shared.events.audit import SuspicionRaised

NOW = datetime(2026, 11, 25, 18, 6, 37, 125000, tzinfo=UTC)
RULES = load_clocks()
HOUR = timedelta(hours=1)


def a_case(state: CaseState = CaseState.SUSPECTED) -> Case:
    clocks = started(RULES, CaseState.SUSPECTED, NOW)
    case = Case("c", "s", "bulk-lookup", CaseKind.ACCESS, "records.access", NOW, NOW, (Step(CaseState.SUSPECTED, NOW),), clocks)
    for move in {"confirmed": [Move.CONFIRM], "dismissed": [Move.DISMISS], "closed": [Move.CONFIRM, Move.CLOSE]}.get(state, []):
        case = moved(case, a_decision(move, case.version), note="n", now=NOW + HOUR, rules=RULES)
    return case


def a_decision(move: Move, version: int = 1, *, by: str = "officer", reason: str | None = None) -> Decision:
    return Decision(move, reason or min(REASONS[move]), by, version)


def a_suspicion(**more: object) -> SuspicionRaised:
    evidence = {"actor": "staff-1", "actorSite": "nord", "first": "2026-11-25T18:04:00Z", "last": "2026-11-25T18:06:00Z", "count": 20}
    known = {"suspicion": "bulk-lookup/staff-1/n", "rule": "bulk-lookup", "log": "records.access", "evidence": evidence, "raised_at": NOW}
    return SuspicionRaised.model_validate(known | more)


class TestMoves:
    @pytest.mark.parametrize(("state", "move"), list(itertools.product(CaseState, Move)))
    def test_lead_from_one_state_to_one_other(self, state: CaseState, move: Move) -> None:
        allowed = {("suspected", "confirmation"), ("suspected", "dismissal"), ("confirmed", "closing")}

        assert may_move(a_case(state), a_decision(move)) == ((state, move) in allowed)

    def test_each_need_a_reason_of_their_own_list(self) -> None:
        assert set(REASONS) == set(Move)
        assert all(REASONS.values())
        assert not any(first & second for first, second in itertools.combinations(REASONS.values(), 2))

    def test_take_one_step_and_keep_the_others(self) -> None:
        before = a_case()

        after = moved(before, a_decision(Move.CONFIRM), note="note-1", now=NOW + HOUR, rules=RULES)

        assert (after.state, after.version, after.aware_at) == (CaseState.CONFIRMED, 2, NOW + HOUR)
        assert after.steps[:1] == before.steps
        assert after.steps[1] == Step(CaseState.CONFIRMED, NOW + HOUR, "officer", "alteration", "note-1")

    def test_know_the_same_word_said_again(self) -> None:
        confirmed, said = a_case(CaseState.CONFIRMED), a_decision(Move.CONFIRM)

        assert is_repeat(confirmed, said)
        assert is_repeat(a_case(CaseState.CLOSED), said)

    @pytest.mark.parametrize(
        "other",
        [
            a_decision(Move.CONFIRM, by="another"),
            a_decision(Move.CONFIRM, reason="loss"),
            a_decision(Move.CONFIRM, 2),
            a_decision(Move.CONFIRM, 0),
            a_decision(Move.CONFIRM, -1),
            a_decision(Move.DISMISS),
        ],
        ids=str,
    )
    def test_take_no_other_word_for_the_same(self, other: Decision) -> None:
        assert not is_repeat(a_case(CaseState.CONFIRMED), other)


class TestClocks:
    def test_start_with_the_suspicion_and_count_absolute_hours(self) -> None:
        [assessment] = a_case().clocks

        assert (assessment.name, assessment.due_at) == ("assessment", NOW + 24 * HOUR)

    def test_give_seventy_two_hours_from_awareness(self) -> None:
        assessment, authority = a_case(CaseState.CONFIRMED).clocks

        assert (authority.name, authority.started_at, authority.due_at) == ("authority", NOW + HOUR, NOW + 73 * HOUR)
        assert (assessment.stopped_at, assessment.due_at) == (NOW + HOUR, NOW + 24 * HOUR)

    def test_run_through_the_end_of_summer_time(self) -> None:
        """The night of 24 October 2026 has 25 hours in Paris; a clock of 24 hours has 24."""
        [clock] = started(RULES, CaseState.SUSPECTED, datetime(2026, 10, 24, 20, tzinfo=UTC))

        assert clock.due_at == datetime(2026, 10, 25, 20, tzinfo=UTC)

    @pytest.mark.parametrize(("hours", "overdue"), [(-100, False), (0, False), (23.99, False), (24, True), (500, True)])
    def test_are_overdue_from_the_very_moment(self, hours: float, overdue: bool) -> None:
        assert a_case().clocks[0].overdue(NOW + hours * HOUR) is overdue

    def test_do_not_move_when_a_clock_is_set_back(self) -> None:
        case = a_case()

        confirmed = moved(case, a_decision(Move.CONFIRM), note="n", now=NOW - 5 * HOUR, rules=RULES)
        closed = moved(confirmed, a_decision(Move.CLOSE, 2), note="n", now=NOW - 9 * HOUR, rules=RULES)

        assert [clock.due_at for clock in closed.clocks] == [NOW + 24 * HOUR, NOW + 67 * HOUR]
        assert closed.clocks[1] == dataclasses.replace(confirmed.clocks[1], stopped_at=NOW - 9 * HOUR)

    def test_stay_missed_when_they_were_stopped_too_late(self) -> None:
        late = stopped(started(RULES, CaseState.SUSPECTED, NOW), RULES, CaseState.DISMISSED, NOW + 25 * HOUR)

        assert late[0].overdue(NOW)
        assert stopped(late, RULES, CaseState.CONFIRMED, NOW + 99 * HOUR) == late

    def test_all_stop_in_the_end(self) -> None:
        for state in (CaseState.DISMISSED, CaseState.CLOSED):
            assert a_case(state).due_at is None

    def test_say_which_text_demands_them(self) -> None:
        assert "33(1)" in RULES[1].source.en
        assert all(rule.source.fr != rule.source.en for rule in RULES)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("nothing", "Invalid JSON"),
            ('[{"name": "a"}]', "0.hours"),
            (
                '[{"name": "a", "hours": 0, "starts": "suspected", "stops": ["closed"], "source": {"en": "e", "fr": "f"}}]',
                "0.hours: Input should be greater than 0",
            ),
            ('[{"name": "a", "hours": 1, "starts": "open", "stops": ["closed"], "source": {"en": "e", "fr": "f"}}]', "0.starts"),
            (
                "["
                + ",".join(['{"name": "a", "hours": 1, "starts": "closed", "stops": ["closed"], "source": {"en": "e", "fr": "f"}}'] * 2)
                + "]",
                "two clocks have the same name",
            ),
        ],
        ids=["no JSON", "no hours", "zero hours", "unknown state", "twice the same"],
    )
    def test_are_read_from_a_file_that_is_right_or_told_to_be_wrong(self, tmp_path: Path, text: str, said: str) -> None:
        file = tmp_path / "clocks.json"
        file.write_text(text)

        with pytest.raises(ClocksUnreadableError, match=re.escape(said)):
            load_clocks(file)

    def test_miss_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(ClocksUnreadableError, match="cannot be read"):
            load_clocks(tmp_path / "none.json")


class TestOpening:
    def test_takes_actor_and_time_from_the_evidence(self) -> None:
        case = case_of(a_suspicion(), watched_by="nord", rules=RULES, now=NOW + HOUR)

        assert (case.kind, case.actor, case.site, case.watched_by) == (CaseKind.ACCESS, "staff-1", "nord", "nord")
        assert (case.first, case.last) == (datetime(2026, 11, 25, 18, 4, tzinfo=UTC), datetime(2026, 11, 25, 18, 6, tzinfo=UTC))

    def test_counts_from_the_suspicion_however_late_it_was_heard(self) -> None:
        late = case_of(a_suspicion(), watched_by="nord", rules=RULES, now=NOW + 30 * HOUR)

        assert late.clocks[0].due_at == NOW + 24 * HOUR
        assert late.clocks[0].overdue(NOW + 30 * HOUR)

    def test_gives_no_hours_for_a_suspicion_of_the_future(self) -> None:
        early = case_of(a_suspicion(raised_at=NOW + 9 * HOUR), watched_by="nord", rules=RULES, now=NOW)

        assert early.clocks[0].due_at == NOW + 24 * HOUR

    @pytest.mark.parametrize("evidence", [{}, {"actor": "", "first": "yesterday"}, {"actor": 7, "first": 1, "last": "2026-11-25T18:04:00"}])
    def test_opens_about_the_ledger_when_nobody_is_named(self, evidence: dict[str, object]) -> None:
        case = case_of(a_suspicion(rule="gap", evidence=evidence), watched_by=None, rules=RULES, now=NOW)

        assert (case.kind, case.actor, case.site) == (CaseKind.LEDGER, None, None)
        assert case.first == case.last == NOW

    def test_gives_one_id_per_suspicion(self) -> None:
        assert case_ident("a") == case_ident("a") != case_ident("b")
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", case_ident("a"))


class TestReview:
    @pytest.mark.parametrize(("hours", "overdue"), [(71, False), (72, True)])
    def test_is_overdue_when_nobody_looked_in_time(self, hours: int, overdue: bool) -> None:
        review = Review("g", "p", "nord", "s", "u", NOW, NOW + 4 * HOUR, NOW + 72 * HOUR)  # type: ignore[arg-type]

        assert review.overdue(NOW + hours * HOUR) is overdue
        assert dataclasses.replace(review, reviewed_at=NOW + hours * HOUR).overdue(NOW + 999 * HOUR) is overdue


def drawn(name: str) -> list[str]:
    text = (ROOT / "docs" / "lifecycles" / name).read_text(encoding="utf-8")
    [drawing] = re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", text, re.DOTALL)
    return [line.strip() for line in drawing.splitlines()]


def in_the_end(edges: Sequence[tuple[str, str]], states: type[CaseState] | type[MessageState] | type[ReviewState]) -> list[str]:
    return [f"{state} --> [*]" for state in sorted(states) if state not in {before for before, _ in edges}]


class TestDrawings:
    def test_show_the_life_of_a_case(self) -> None:
        edges = [f"{before} --> {after}: {move}" for move, (before, after) in MOVES.items()]

        assert drawn("case.md") == ["[*] --> suspected", *edges, *in_the_end(list(MOVES.values()), CaseState)]

    def test_show_the_life_of_a_message(self) -> None:
        edges = [(before, after) for before, following in FOLLOWS.items() for after in sorted(following)]

        assert drawn("message.md") == ["[*] --> waiting", *(f"{one} --> {two}" for one, two in edges), *in_the_end(edges, MessageState)]

    def test_show_the_life_of_a_review(self) -> None:
        edges = [(ReviewState.OPEN, finding) for finding in sorted(FINDINGS)]

        assert drawn("review.md") == ["[*] --> open", *(f"{one} --> {two}" for one, two in edges), *in_the_end(edges, ReviewState)]

    def test_tell_the_clocks_as_the_file_has_them(self) -> None:
        text = (ROOT / "docs" / "lifecycles" / "case.md").read_text(encoding="utf-8")

        for rule in RULES:
            assert f"| {rule.name} | {rule.hours} | {rule.starts} | {', '.join(sorted(rule.stops))} |" in text
