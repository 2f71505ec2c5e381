"""The HTTP doors of `notifier`: cases and reviews for privacy officers, the inbox for patients."""

from typing import Annotated, TypeVar

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel

from services.notifier.answers import case_answer, case_line, due_answer, message_answer, review_answer
from services.notifier.asking import Asking, Has
from services.notifier.cases.decide_case import decide_case
from services.notifier.cases.lifecycle import Move
from services.notifier.cases.read_cases import list_cases, read_affected, read_case
from services.notifier.list_due import list_due
from services.notifier.messages.read_inbox import read_inbox
from services.notifier.model import Asked
from services.notifier.noting import noting_failures
from services.notifier.pages import PAGE
from services.notifier.resources import NotifierResources
from services.notifier.reviews.judge_emergency import judge_emergency
from services.notifier.reviews.read_reviews import list_reviews, read_review
from services.notifier.schemas import (
    CaseAnswer,
    CasePage,
    DecisionBody,
    DueAnswer,
    FindingBody,
    Inbox,
    PatientsPage,
    ReviewAnswer,
    ReviewPage,
)
from shared.bodies import UnfitBodyError, read_as
from shared.etags import version_of
from shared.http import language_of, professions
from shared.vocabulary import Profession

OFFICERS = professions(Profession.PRIVACY_OFFICER)
PATIENTS = professions(Profession.PATIENT)
_LARGEST_BODY = 4096

router = APIRouter()
Language = Annotated[str | None, Header(alias="accept-language")]
Body = TypeVar("Body", bound=BaseModel)


@router.get("/cases", openapi_extra=OFFICERS)
async def get_cases(asked: Asking, has: Has, response: Response, state: str | None = None, after: str | None = None) -> CasePage:
    """A hundred at most, the newest first; `state` chooses, `after` goes on."""
    async with noting_failures(asked, desk=has.desk):
        cases, note = await list_cases(asked, state=state, after=after, desk=has.desk)
    _stamp(response, note)
    following = cases[-1].ident if len(cases) == PAGE else None
    return CasePage(cases=[case_line(case, asked.now) for case in cases], following=following)


@router.get("/cases/{case}", openapi_extra=OFFICERS)
async def get_case(case: str, asked: Asking, has: Has, response: Response, language: Language = None) -> CaseAnswer:
    """The `ETag` is what a decision must name in `If-Match`."""
    async with noting_failures(asked, desk=has.desk):
        read = await read_case(asked, case, desk=has.desk)
    _stamp(response, read.note, version=read.case.version)
    return case_answer(read.case, read.affected, rules=has.desk.clock_rules, language=language_of(language), now=asked.now)


@router.get("/cases/{case}/patients", openapi_extra=OFFICERS)
async def get_patients(case: str, asked: Asking, has: Has, response: Response, after: str | None = None) -> PatientsPage:
    """A hundred at most, by id; each is noted in that patient's own trail."""
    async with noting_failures(asked, desk=has.desk):
        affected, page, note = await read_affected(asked, case, after=after, desk=has.desk)
    _stamp(response, note)
    if affected is None:
        return PatientsPage(patients=[], total=None, through=None, following=None)
    return PatientsPage(
        patients=list(page), total=len(affected.patients), through=affected.through, following=affected.following(tuple(page))
    )


@router.post("/cases/{case}/confirmation", openapi_extra=OFFICERS)
async def confirm(case: str, request: Request, asked: Asking, has: Has, response: Response) -> CaseAnswer:
    """The moment of awareness: the authority's clock starts. The body is `{"reason": ...}`, as `reasons` of the case lists them."""
    return await _decide(asked, case, Move.CONFIRM, request, has, response)


@router.post("/cases/{case}/dismissal", openapi_extra=OFFICERS)
async def dismiss(case: str, request: Request, asked: Asking, has: Has, response: Response) -> CaseAnswer:
    return await _decide(asked, case, Move.DISMISS, request, has, response)


@router.post("/cases/{case}/closing", openapi_extra=OFFICERS)
async def close(case: str, request: Request, asked: Asking, has: Has, response: Response) -> CaseAnswer:
    return await _decide(asked, case, Move.CLOSE, request, has, response)


async def _decide(asked: Asked, ident: str, move: Move, request: Request, has: NotifierResources, response: Response) -> CaseAnswer:
    async with noting_failures(asked, desk=has.desk):
        body = await _read(request, DecisionBody)
        version = version_of(request.headers.get("if-match"))
        reason = body.reason if body else None
        case, note = await decide_case(asked, ident, move, reason=reason, version=version, desk=has.desk)
    _stamp(response, note, version=case.version)
    affected = await has.desk.affected.of(case.ident)
    language = language_of(request.headers.get("accept-language"))
    return case_answer(case, affected, rules=has.desk.clock_rules, language=language, now=asked.now)


@router.get("/due", openapi_extra=OFFICERS)
async def get_due(asked: Asking, has: Has, response: Response) -> DueAnswer:
    """How much waits for an officer's word, and the first twenty that are due; no patient is named."""
    async with noting_failures(asked, desk=has.desk):
        waiting, note = await list_due(asked, desk=has.desk)
    _stamp(response, note)
    return due_answer(waiting, asked.now)


@router.get("/reviews", openapi_extra=OFFICERS)
async def get_reviews(asked: Asking, has: Has, response: Response, state: str | None = None, after: str | None = None) -> ReviewPage:
    """A hundred at most, the open ones unless `state` says otherwise, the first due first."""
    async with noting_failures(asked, desk=has.desk):
        reviews, note = await list_reviews(asked, state=state, after=after, desk=has.desk)
    _stamp(response, note)
    following = reviews[-1].grant if len(reviews) == PAGE else None
    return ReviewPage(reviews=[review_answer(review, asked.now) for review in reviews], following=following)


@router.get("/reviews/{grant}", openapi_extra=OFFICERS)
async def get_review(grant: str, asked: Asking, has: Has, response: Response) -> ReviewAnswer:
    async with noting_failures(asked, desk=has.desk):
        review, note = await read_review(asked, grant, desk=has.desk)
    _stamp(response, note)
    return review_answer(review, asked.now)


@router.post("/reviews/{grant}", openapi_extra=OFFICERS)
async def post_finding(grant: str, request: Request, asked: Asking, has: Has, response: Response) -> ReviewAnswer:
    """The body is `{"finding": "justified" | "not-justified"}`; the latter opens a case."""
    async with noting_failures(asked, desk=has.desk):
        body = await _read(request, FindingBody)
        review, note = await judge_emergency(asked, grant, finding=body.finding if body else None, desk=has.desk)
    _stamp(response, note)
    return review_answer(review, asked.now)


@router.get("/messages", openapi_extra=PATIENTS)
async def get_messages(asked: Asking, has: Has, response: Response, language: Language = None) -> Inbox:
    """The patient's own, the newest first."""
    async with noting_failures(asked, desk=has.desk):
        told, note = await read_inbox(asked, desk=has.desk)
    _stamp(response, note)
    return Inbox(messages=[message_answer(one, language_of(language)) for one in told])


def _stamp(response: Response, note: str, *, version: int | None = None) -> None:
    response.headers.update({"cache-control": "no-store", "x-decision-id": note} | ({"etag": f'"{version}"'} if version else {}))


async def _read(request: Request, kind: type[Body]) -> Body | None:
    """None for a body that is not of that kind, or too large to be."""
    try:
        return await read_as(kind, request, _LARGEST_BODY)
    except UnfitBodyError:
        return None
