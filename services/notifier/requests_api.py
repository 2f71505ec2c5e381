"""The HTTP door of requests: patients ask, their site's privacy officers answer."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from services.notifier.answers import request_answer, request_line
from services.notifier.asking import Asking, Has
from services.notifier.model import Asked
from services.notifier.noting import noting_failures
from services.notifier.pages import PAGE
from services.notifier.refusals import UnfitRequestError
from services.notifier.requests.answer_request import Word, answer_request, extend_request
from services.notifier.requests.open_request import Wish, open_request
from services.notifier.requests.read_requests import Opened, list_own_requests, list_requests, read_request
from services.notifier.resources import NotifierResources
from services.notifier.schemas import OwnRequests, RequestAnswer, RequestPage, WishBody, WordBody
from shared.bodies import UnfitBodyError, read_as
from shared.etags import version_of
from shared.http import language_of, professions
from shared.vocabulary import Profession

OFFICERS = professions(Profession.PRIVACY_OFFICER)
PATIENTS = professions(Profession.PATIENT)
BOTH = professions(Profession.PATIENT, Profession.PRIVACY_OFFICER)
_LARGEST_BODY = 16_384

requests = APIRouter(prefix="/requests")
Key = Annotated[str, Header(alias="idempotency-key", max_length=200)]


@requests.post("", status_code=201, openapi_extra=PATIENTS)
async def post_request(request: Request, asked: Asking, has: Has, response: Response, key: Key = "") -> RequestAnswer:
    """The patient's own; with the same `Idempotency-Key` it is one request, however often it is sent."""
    async with noting_failures(asked, desk=has.desk):
        try:
            body = await read_as(WishBody, request, _LARGEST_BODY)
        except UnfitBodyError:
            raise UnfitRequestError from None
        asked_for, said, note = await open_request(asked, Wish(body.kind, body.words, body.entries, key), desk=has.desk)
    return _answer((asked_for, said), note, request, asked, has, response)


@requests.get("", openapi_extra=OFFICERS)
async def get_requests(asked: Asking, has: Has, response: Response, state: str | None = None, after: str | None = None) -> RequestPage:
    """A hundred at most, the open ones unless `state` says otherwise, the first due first."""
    async with noting_failures(asked, desk=has.desk):
        found, note = await list_requests(asked, state=state, after=after, desk=has.desk)
    response.headers.update({"cache-control": "no-store", "x-decision-id": note})
    following = found[-1].ident if len(found) == PAGE else None
    return RequestPage(requests=[request_line(one, asked.now) for one in found], following=following)


@requests.get("/mine", openapi_extra=PATIENTS)
async def get_own_requests(request: Request, asked: Asking, has: Has, response: Response) -> OwnRequests:
    """The newest first, with what was said."""
    async with noting_failures(asked, desk=has.desk):
        found, note = await list_own_requests(asked, desk=has.desk)
    response.headers.update({"cache-control": "no-store", "x-decision-id": note})
    return OwnRequests(requests=[_told(one, request, asked, has) for one in found])


@requests.get("/{ident}", openapi_extra=BOTH)
async def get_request(ident: str, request: Request, asked: Asking, has: Has, response: Response) -> RequestAnswer:
    """The `ETag` is what an officer's word must name in `If-Match`."""
    async with noting_failures(asked, desk=has.desk):
        opened, note = await read_request(asked, ident, desk=has.desk)
    return _answer(opened, note, request, asked, has, response)


@requests.post("/{ident}/answer", openapi_extra=OFFICERS)
async def post_answer(ident: str, request: Request, asked: Asking, has: Has, response: Response) -> RequestAnswer:
    """The body is `{"outcome", "words"}`; `case-opened` opens a case."""
    async with noting_failures(asked, desk=has.desk):
        opened, note = await answer_request(asked, ident, await _word(request), desk=has.desk)
    return _answer(opened, note, request, asked, has, response)


@requests.post("/{ident}/extension", openapi_extra=OFFICERS)
async def post_extension(ident: str, request: Request, asked: Asking, has: Has, response: Response) -> RequestAnswer:
    """The body is `{"words"}`: why it takes longer."""
    async with noting_failures(asked, desk=has.desk):
        opened, note = await extend_request(asked, ident, await _word(request), desk=has.desk)
    return _answer(opened, note, request, asked, has, response)


async def _word(request: Request) -> Word:
    try:
        body = await read_as(WordBody, request, _LARGEST_BODY)
    except UnfitBodyError:
        raise UnfitRequestError from None
    return Word(version_of(request.headers.get("if-match")), body.words, body.outcome)


def _answer(opened: Opened, note: str, request: Request, asked: Asked, has: NotifierResources, response: Response) -> RequestAnswer:
    version = opened[0].version
    response.headers.update({"cache-control": "no-store", "x-decision-id": note, "etag": f'"{version}"'})
    return _told(opened, request, asked, has)


def _told(opened: Opened, request: Request, asked: Asked, has: NotifierResources) -> RequestAnswer:
    language = language_of(request.headers.get("accept-language"))
    return request_answer(opened, has.desk.request_rules[opened[0].kind], language=language, now=asked.now)
