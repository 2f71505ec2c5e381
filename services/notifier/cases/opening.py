"""What a suspicion becomes: a case about somebody's accesses, one about the ledger, or a mere record; pure."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.notifier.cases.clocks import ClockRule, started
from services.notifier.cases.model import Case, CaseKind, CaseState, Step
from shared.events.audit import SuspicionRaised

RECORDED_ONLY = frozenset({"unclean-end", "silent-incarnation"})
"""What every killed or unplugged process leaves behind: no answer left without its note, so there is nothing for an officer to assess."""

_NAMESPACE = uuid.UUID("1b0e5f5e-58a7-4d6c-9f43-6d1f6c4c7a10")


def becomes_case(rule: str) -> bool:
    return rule not in RECORDED_ONLY


def case_ident(suspicion: str) -> str:
    """One suspicion is one case, however often it is told and whoever hears it first."""
    return str(uuid.uuid5(_NAMESPACE, suspicion))


def site_of(event: SuspicionRaised) -> str | None:
    """Where the actor acted; the ledger belongs to the whole group."""
    return _text(event.evidence.get("actorSite"))


def case_of(event: SuspicionRaised, *, watched_by: str | None, rules: Sequence[ClockRule], now: datetime) -> Case:
    """The first clock counts from the suspicion itself: a notifier that was down has gained nobody any hours."""
    actor = _text(event.evidence.get("actor"))
    suspected_at = min(event.raised_at, now)
    return Case(
        ident=case_ident(event.suspicion),
        suspicion=event.suspicion,
        rule=event.rule,
        kind=CaseKind.LEDGER if actor is None else CaseKind.ACCESS,
        log=event.log,
        first=_moment(event.evidence.get("first")) or event.raised_at,
        last=_moment(event.evidence.get("last")) or event.raised_at,
        steps=(Step(CaseState.SUSPECTED, now),),
        clocks=started(rules, CaseState.SUSPECTED, suspected_at),
        actor=actor,
        site=site_of(event),
        watched_by=watched_by,
        evidence=event.evidence,
    )


def _text(found: Any) -> str | None:
    return found if isinstance(found, str) and found else None


def _moment(found: Any) -> datetime | None:
    """None for what is no instant: a case is opened all the same."""
    try:
        moment = datetime.fromisoformat(found)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None
