"""Words who is told of what: which mails go to which members of staff when something happens, and what the patient is told; ids only."""

from collections.abc import Sequence
from datetime import datetime

from services.notifier.cases.model import Case, CaseState, Clock
from services.notifier.messages.model import Mail
from services.notifier.messages.wording import (
    CASE_CONFIRMED,
    CASE_DISMISSED,
    CASE_OPENED,
    CLOCK_OVERDUE,
    DUTY_DUE,
    EMERGENCY_TO_REVIEW,
    REQUEST_ASKED,
    REQUEST_OVERDUE,
    REVIEW_OVERDUE,
)
from services.notifier.requests.model import PatientRequest
from services.notifier.reviews.model import Review
from shared.clock import rfc3339
from shared.events.governance import DutyReminded

_OF_STATE = {CaseState.SUSPECTED: CASE_OPENED, CaseState.CONFIRMED: CASE_CONFIRMED, CaseState.DISMISSED: CASE_DISMISSED}
"""Closing is told to nobody: nothing is left to do."""


def mails_of_step(case: Case, officers: Sequence[str], *, portal: str) -> list[Mail]:
    """What the case's latest step is told by."""
    step, template = case.steps[-1], _OF_STATE.get(case.state)
    if template is None:
        return []
    values = _reference(case.ident, "cases", portal)
    if case.due_at:
        values["due_at"] = rfc3339(case.due_at)
    if case.aware_at:
        values["aware_at"] = rfc3339(case.aware_at)
    return [Mail(f"{case.ident}/{case.version}", officer, template, values, step.at) for officer in officers]


def mails_of_overdue(case: Case, clock: Clock, officers: Sequence[str], *, portal: str, now: datetime) -> list[Mail]:
    values = _reference(case.ident, "cases", portal) | {"clock": clock.name, "due_at": rfc3339(clock.due_at)}
    return [Mail(f"{case.ident}/{clock.name}", officer, CLOCK_OVERDUE, values, now) for officer in officers]


def mails_of_emergency(review: Review, officers: Sequence[str], *, portal: str, now: datetime) -> list[Mail]:
    values = _reference(review.grant, "reviews", portal) | {"due_at": rfc3339(review.due_at)}
    return [Mail(review.grant, officer, EMERGENCY_TO_REVIEW, values, now) for officer in officers]


def mails_of_overdue_review(review: Review, officers: Sequence[str], *, portal: str, now: datetime) -> list[Mail]:
    values = _reference(review.grant, "reviews", portal) | {"due_at": rfc3339(review.due_at)}
    return [Mail(review.grant, officer, REVIEW_OVERDUE, values, now) for officer in officers]


def mails_of_request(request: PatientRequest, officers: Sequence[str], *, portal: str) -> list[Mail]:
    values = _reference(request.ident, "requests", portal) | {"due_at": rfc3339(request.due_at)}
    return [Mail(request.ident, officer, REQUEST_ASKED, values, request.asked_at) for officer in officers]


def mails_of_overdue_request(request: PatientRequest, officers: Sequence[str], *, portal: str, now: datetime) -> list[Mail]:
    """One for each date: an extension has a reminder of its own."""
    values = _reference(request.ident, "requests", portal) | {"due_at": rfc3339(request.due_at)}
    about = f"{request.ident}/{request.due_at.timestamp():.0f}"
    return [Mail(about, officer, REQUEST_OVERDUE, values, now) for officer in officers]


def said_about_request(request: PatientRequest) -> dict[str, str]:
    """What was said stands in the request itself."""
    return {"reference": request.ident, "asked_at": rfc3339(request.asked_at), "due_at": rfc3339(request.due_at)}


def mail_of_duty(event: DutyReminded, *, portal: str) -> Mail:
    values = _reference(event.module, "modules", portal) | {"due_at": rfc3339(event.valid_until)}
    return Mail(f"{event.module}/{rfc3339(event.reminded_at)}", event.staff, DUTY_DUE, values, event.reminded_at)


def said_to_patient(review: Review) -> dict[str, str]:
    """Where, when and until when; who it was is for the review, and for the patient's right to ask."""
    return {
        "reference": review.grant,
        "site": review.site,
        "unit": review.unit,
        "opened_at": rfc3339(review.opened_at),
        "ends_at": rfc3339(review.ends_at),
        "due_at": rfc3339(review.due_at),
    }


def _reference(ident: str, room: str, portal: str) -> dict[str, str]:
    return {"reference": ident, "link": f"{portal}/{room}/{ident}"}
