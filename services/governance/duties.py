"""Says until when a duty holds: pure, with the moment as an argument; docs/lifecycles/duty.md draws it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from services.governance.model import Duty, DutyState, Member, Through

DUE_WITHIN = timedelta(days=30)
REMINDED_EVERY = timedelta(days=1)


def enrolled(duties: Mapping[str, Duty], required: Mapping[str, timedelta], *, now: datetime) -> dict[str, Duty]:
    """Exactly the required ones: those that are there stay as they are, a new one begins fulfilled, so that nobody is shut out by it."""
    return {module: duties.get(module) or Duty(now + lasts, Through.ENROLLED, now) for module, lasts in required.items()}


def passed(duty: Duty, lasts: timedelta, *, now: datetime) -> Duty:
    """The later date stays."""
    until = now + lasts
    return duty if until <= duty.until else Duty(until, Through.PASSED, now)


def set_by(duty: Duty, until: datetime, trainer: str, *, now: datetime) -> Duty:
    """A trainer's word counts as it is given, earlier or later; the same date again changes nothing."""
    return duty if until == duty.until else Duty(until, Through.SET, now, trainer)


def state_of(duty: Duty, now: datetime) -> DutyState:
    return DutyState.FULFILLED if now < duty.until else DutyState.LAPSED


def lapsed(member: Member, now: datetime) -> list[str]:
    return [module for module, duty in member.duties.items() if state_of(duty, now) is DutyState.LAPSED]


def may_be_reminded(last: datetime, now: datetime) -> bool:
    return now >= last + REMINDED_EVERY


def is_due(member: Member, module: str, now: datetime) -> bool:
    """Lapsed, or soon; nothing is asked of who has left."""
    return member.active and member.duties[module].until < now + DUE_WITHIN
