"""Takes an officer's finding about an emergency; one that was not justified opens a case, in the same transaction."""

from dataclasses import replace
from typing import Any

from services.notifier.cases.clocks import started
from services.notifier.cases.model import Case, CaseKind, CaseState, Step
from services.notifier.cases.open_case import file_case, put_opened
from services.notifier.cases.opening import case_ident
from services.notifier.desk import Desk
from services.notifier.measures import CASES
from services.notifier.model import Asked
from services.notifier.noting import access_facts, note_answered
from services.notifier.refusals import AlreadyReviewedError, ReasonNotListedError
from services.notifier.reviews.model import FINDINGS, Review, ReviewState
from services.notifier.reviews.read_reviews import fetch_review
from services.notifier.roles import Deed
from services.notifier.undertaking import Undertaking, undertake
from shared.events.topics import RECORDS_ACCESS
from shared.vocabulary import Outcome

UNJUSTIFIED = "emergency-not-justified"


async def judge_emergency(asked: Asked, grant: str, *, finding: str | None, desk: Desk) -> tuple[Review, str]:
    """The review as it stands then, and the id of the note. The same officer's same finding again changes nothing.

    Raises NotYoursError, UnknownReferenceError, ReasonNotListedError, AlreadyReviewedError or StoreUnreachableError.
    """
    review = await fetch_review(asked, grant, Deed.DECIDE, desk=desk)
    if finding not in FINDINGS:
        raise ReasonNotListedError("finding", frozenset(map(str, FINDINGS)))
    if (review.state, review.reviewed_by) == (finding, asked.actor.ident):
        return review, await note_answered(asked, (review.patient,), step=finding, repeated=True, desk=desk)
    if review.state is not ReviewState.OPEN:
        raise AlreadyReviewedError
    return await _judge(asked, review, ReviewState(finding), desk)


async def _judge(asked: Asked, review: Review, finding: ReviewState, desk: Desk) -> tuple[Review, str]:
    now = asked.now
    opened = file_case(_case(asked, review, desk), now=now, desk=desk) if finding is ReviewState.NOT_JUSTIFIED else None
    judged = replace(review, state=finding, reviewed_by=asked.actor.ident, reviewed_at=now, case=opened.case.ident if opened else None)

    async def work(session: Any, note: str) -> None:
        if not await desk.reviews.judge(replace(judged, note=note), session=session):
            raise AlreadyReviewedError
        if opened:
            await put_opened(opened, now=now, session=session, desk=desk)
            await desk.affected.settle(opened.case.ident, [review.patient], session=session)

    async def committed(note: str) -> bool:
        return await desk.reviews.told_by(review.grant, note)

    facts = access_facts(asked, review.patient, outcome=Outcome.ANSWERED, status=200, step=finding)
    note = await undertake(Undertaking(facts, work, committed), now=now, desk=desk)
    if opened:
        CASES.labels(UNJUSTIFIED).inc()
    return replace(judged, note=note), note


def _case(asked: Asked, review: Review, desk: Desk) -> Case:
    """Suspected, as any other: whether it is a breach is decided with a case's own clocks. Its one patient is known already."""
    suspicion, now = f"{UNJUSTIFIED}/{review.grant}", asked.now
    return Case(
        ident=case_ident(suspicion),
        suspicion=suspicion,
        rule=UNJUSTIFIED,
        kind=CaseKind.EMERGENCY,
        log=RECORDS_ACCESS.name,
        first=review.opened_at,
        last=max(review.opened_at, min(review.ends_at, now)),
        steps=(Step(CaseState.SUSPECTED, now),),
        clocks=started(desk.clock_rules, CaseState.SUSPECTED, now),
        actor=review.staff,
        site=review.site,
        watched_by=review.watched_by,
        evidence={"grant": review.grant},
    )
