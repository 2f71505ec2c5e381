"""How a case moves on: which officer's word leads from which state to which, and for which reasons; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.notifier.cases.clocks import ClockRule, started, stopped
from services.notifier.cases.model import Case, CaseState, Step


class Move(StrEnum):
    """An officer's word, as the address of its route says it."""

    CONFIRM = "confirmation"
    DISMISS = "dismissal"
    CLOSE = "closing"


MOVES: Mapping[Move, tuple[CaseState, CaseState]] = {
    Move.CONFIRM: (CaseState.SUSPECTED, CaseState.CONFIRMED),
    Move.DISMISS: (CaseState.SUSPECTED, CaseState.DISMISSED),
    Move.CLOSE: (CaseState.CONFIRMED, CaseState.CLOSED),
}

REASONS: Mapping[Move, frozenset[str]] = {
    Move.CONFIRM: frozenset({"unauthorised-access", "unauthorised-disclosure", "alteration", "loss"}),
    Move.DISMISS: frozenset({"access-justified", "false-alarm", "technical-cause", "test-or-training"}),
    Move.CLOSE: frozenset({"authority-notified", "risk-unlikely"}),
}
"""Confirming names the kind of breach (GDPR Article 4(12)), closing what became of the duty to notify (Article 33(1)); never free text."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an officer says about the version that they have read."""

    move: Move
    reason: str
    by: str
    version: int


def is_repeat(case: Case, decision: Decision) -> bool:
    """Whether this very decision was taken already, so that saying it again changes nothing."""
    if not 0 < decision.version < case.version:
        return False
    step = case.steps[decision.version]
    return (step.state, step.by, step.reason) == (MOVES[decision.move][1], decision.by, decision.reason)


def may_move(case: Case, decision: Decision) -> bool:
    return case.state is MOVES[decision.move][0]


def moved(case: Case, decision: Decision, *, note: str, now: datetime, rules: Sequence[ClockRule]) -> Case:
    """The case one step further: old clocks stop, the new state's begin, at `now`."""
    state = MOVES[decision.move][1]
    clocks = stopped(case.clocks, rules, state, now) + started(rules, state, now)
    return replace(case, steps=(*case.steps, Step(state, now, decision.by, decision.reason, note)), clocks=clocks)
