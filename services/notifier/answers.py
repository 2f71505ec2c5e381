"""Shapes what `notifier` answers."""

from collections.abc import Sequence
from datetime import datetime

from services.notifier.cases.affected import Affected
from services.notifier.cases.clocks import ClockRule
from services.notifier.cases.lifecycle import MOVES, REASONS
from services.notifier.cases.model import Case
from services.notifier.due_things import Waiting
from services.notifier.messages.message_sealer import Told
from services.notifier.messages.wording import worded
from services.notifier.requests.deadlines import RequestRule
from services.notifier.requests.model import OUTCOMES, PatientRequest, RequestState
from services.notifier.requests.read_requests import Opened
from services.notifier.reviews.model import Review
from services.notifier.schemas import (
    AffectedAnswer,
    CaseAnswer,
    CaseLine,
    ClockAnswer,
    DueAnswer,
    DueLine,
    MessageAnswer,
    RequestAnswer,
    RequestLine,
    ReviewAnswer,
    StepAnswer,
)


def case_line(case: Case, now: datetime) -> CaseLine:
    return CaseLine(
        id=case.ident,
        version=case.version,
        state=case.state,
        kind=case.kind,
        rule=case.rule,
        actor=case.actor,
        site=case.site,
        opened_at=case.opened_at,
        aware_at=case.aware_at,
        due_at=case.due_at,
        overdue=any(clock.overdue(now) for clock in case.clocks),
    )


def case_answer(case: Case, affected: Affected | None, *, rules: Sequence[ClockRule], language: str, now: datetime) -> CaseAnswer:
    """`reasons` names the words by which it may be moved on from here."""
    sources = {rule.name: rule.source.sentence().in_language(language) for rule in rules}
    return CaseAnswer(
        **case_line(case, now).model_dump(),
        suspicion=case.suspicion,
        log=case.log,
        first=case.first,
        last=case.last,
        evidence=case.evidence,
        clocks=[
            ClockAnswer(
                name=clock.name,
                started_at=clock.started_at,
                due_at=clock.due_at,
                stopped_at=clock.stopped_at,
                overdue=clock.overdue(now),
                source=sources.get(clock.name, ""),
            )
            for clock in case.clocks
        ],
        timeline=[StepAnswer(state=step.state, at=step.at, by=step.by, reason=step.reason) for step in case.steps],
        affected=affected_answer(affected) if affected else None,
        reasons={move: sorted(REASONS[move]) for move, (before, _after) in MOVES.items() if before is case.state},
    )


def affected_answer(affected: Affected) -> AffectedAnswer:
    return AffectedAnswer(
        patients=len(affected.patients), accesses=affected.accesses, through=affected.through, computed_at=affected.computed_at
    )


def due_answer(waiting: Waiting, now: datetime) -> DueAnswer:
    first = [DueLine(thing=one.thing, id=one.ident, about=one.about, due_at=one.due_at, overdue=one.due_at <= now) for one in waiting.first]
    return DueAnswer(counts=waiting.counts, first=first)


def review_answer(review: Review, now: datetime) -> ReviewAnswer:
    return ReviewAnswer(
        grant=review.grant,
        state=review.state,
        patient=review.patient,
        staff=review.staff,
        site=review.site,
        unit=review.unit,
        opened_at=review.opened_at,
        ends_at=review.ends_at,
        due_at=review.due_at,
        overdue=review.overdue(now),
        reviewed_by=review.reviewed_by,
        reviewed_at=review.reviewed_at,
        case=review.case,
    )


def request_line(request: PatientRequest, now: datetime) -> RequestLine:
    return RequestLine(
        id=request.ident,
        version=request.version,
        kind=request.kind,
        state=request.state,
        patient=request.patient,
        site=request.site,
        asked_at=request.asked_at,
        due_at=request.due_at,
        overdue=request.overdue(now),
        extended_at=request.extended_at,
        outcome=request.outcome,
        answered_at=request.answered_at,
    )


def request_answer(opened: Opened, rule: RequestRule, *, language: str, now: datetime) -> RequestAnswer:
    request, said = opened
    running = request.state is RequestState.OPEN
    return RequestAnswer(
        **request_line(request, now).model_dump(),
        words=said.words if said else None,
        entries=list(said.entries) if said else None,
        extension=said.extension if said else None,
        answer=said.answer if said else None,
        answered_by=request.answered_by,
        case=request.case,
        source=rule.source.sentence().in_language(language),
        may_extend=running and bool(rule.extension_months) and request.extended_at is None and not request.overdue(now),
        outcomes=sorted(OUTCOMES[request.kind]) if running else [],
    )


def message_answer(told: Told, language: str) -> MessageAnswer:
    subject, text = worded(told.template, told.values, language)
    return MessageAnswer(id=told.ident, at=told.at, about=told.template, subject=subject, text=text, values=told.values)
