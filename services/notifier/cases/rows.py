"""A case as MongoDB keeps it, and back."""

from collections.abc import Mapping
from typing import Any

from services.notifier.cases.model import Case, CaseKind, CaseState, Clock, Step


def case_row(case: Case) -> dict[str, Any]:
    """`state`, `version`, `opened_at` and `due_at` are there to be searched by; the steps are what counts."""
    return {
        "_id": case.ident,
        "suspicion": case.suspicion,
        "rule": case.rule,
        "kind": case.kind,
        "log": case.log,
        "first": case.first,
        "last": case.last,
        "actor": case.actor,
        "site": case.site,
        "watched_by": case.watched_by,
        "evidence": dict(case.evidence),
        "steps": [{"state": step.state, "at": step.at, "by": step.by, "reason": step.reason, "note": step.note} for step in case.steps],
        "clocks": [_clock_row(clock) for clock in case.clocks],
        "state": case.state,
        "version": case.version,
        "opened_at": case.opened_at,
        "due_at": case.due_at,
    }


def _clock_row(clock: Clock) -> dict[str, Any]:
    return {"name": clock.name, "started_at": clock.started_at, "due_at": clock.due_at, "stopped_at": clock.stopped_at}


def case_from(row: Mapping[str, Any]) -> Case:
    return Case(
        ident=row["_id"],
        suspicion=row["suspicion"],
        rule=row["rule"],
        kind=CaseKind(row["kind"]),
        log=row["log"],
        first=row["first"],
        last=row["last"],
        steps=tuple(Step(CaseState(step["state"]), step["at"], step["by"], step["reason"], step["note"]) for step in row["steps"]),
        clocks=tuple(Clock(clock["name"], clock["started_at"], clock["due_at"], clock["stopped_at"]) for clock in row["clocks"]),
        actor=row["actor"],
        site=row["site"],
        watched_by=row["watched_by"],
        evidence=row["evidence"],
    )
