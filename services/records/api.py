"""The FHIR door of `records`: each route calls one story."""

from collections.abc import Sequence
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response

from services.records.answers import searchset, transaction_answer, written_answer
from services.records.asking import Asking, Has
from services.records.capabilities import capability_statement
from services.records.desk import Desk
from services.records.fhir.definitions import RESOURCE_TYPES
from services.records.model import WHOLE_CHART, Asked
from services.records.noting_failures import noting_failures
from services.records.reading.find_patients import find_patients, wanted_patients
from services.records.reading.search_chart import Found, Part, Search, UnsupportedSearchError, search_by_id, search_by_patient
from services.records.refusals import NotFoundError, UnsupportedInteractionError
from services.records.writing.resolve_references import UnsupportedConditionError
from services.records.writing.store_bundle import LARGEST_BUNDLE, store_bundle
from services.records.writing.store_record import LARGEST_RESOURCE, create_record, delete_record, require_type, update_record
from shared.etags import version_of
from shared.http import FHIR_JSON, professions, read_body
from shared.vocabulary import Action, PatientId, Profession, is_ours

fhir = APIRouter(prefix="/fhir")
_STAFF = (Profession.CLINICIAN, Profession.CLERK)
READERS = professions(*_STAFF, Profession.PATIENT, Profession.PRIVACY_OFFICER, Profession.TRAINER, Profession.OPERATOR)
WRITERS = professions(*_STAFF, Profession.INTEGRATION)
SIGNED_IN = professions(*Profession)
_LARGEST_PAGE = 1000
_LARGEST_FORM = 16_384
_MOST_FIELDS = 100
_UNREADABLE = (("unreadable", ""),)


@fhir.get("/metadata", openapi_extra={"x-professions": ["everyone"]})
async def metadata(request: Request) -> Response:
    return Response(capability_statement(str(request.base_url)), media_type=FHIR_JSON)


@fhir.post("", openapi_extra=WRITERS)
@fhir.post("/", openapi_extra=WRITERS, include_in_schema=False)
async def transaction(request: Request, asked: Asking, has: Has) -> Response:
    entries, written = await store_bundle(asked, await read_body(request, LARGEST_BUNDLE), desk=has.desk)
    return transaction_answer(entries, written)


@fhir.post("/{type_}", status_code=201, openapi_extra=WRITERS)
async def create(type_: str, request: Request, asked: Asking, has: Has) -> Response:
    async with noting_failures(asked, Action.CREATE, type_, resource=None, desk=has.desk):
        if "if-none-exist" in request.headers:
            raise UnsupportedConditionError
        written = await create_record(asked, type_, await read_body(request, LARGEST_RESOURCE), desk=has.desk)
    return written_answer(written, 201, request)


@fhir.put("/{type_}/{ident}", openapi_extra=WRITERS)
async def update(type_: str, ident: str, request: Request, asked: Asking, has: Has) -> Response:
    if_match = version_of(request.headers.get("if-match"))
    written = await update_record(asked, type_, ident, await read_body(request, LARGEST_RESOURCE), if_match=if_match, desk=has.desk)
    return written_answer(written, 200, request)


@fhir.delete("/{type_}/{ident}", status_code=204, openapi_extra=WRITERS)
async def delete(type_: str, ident: str, request: Request, asked: Asking, has: Has) -> Response:
    written = await delete_record(asked, type_, ident, if_match=version_of(request.headers.get("if-match")), desk=has.desk)
    return written_answer(written, 204, request)


@fhir.get("/Patient/{ident}/$everything", openapi_extra=READERS)
async def everything(ident: str, request: Request, asked: Asking, has: Has) -> Response:
    """The whole chart in one Bundle, or with `_count` page by page; `_type` names the types that are wanted."""
    if is_ours(ident):
        asked.addressed.add(PatientId(ident))
    async with noting_failures(asked, Action.SEARCH, WHOLE_CHART, resource=None, desk=has.desk):
        part = _part(request)
    found = await search_by_patient(Search(asked.actor, asked.purpose, None, asked.now), ident, desk=has.desk, part=part)
    if not found.records and part is None:
        raise NotFoundError
    return searchset(found, request)


def _part(request: Request) -> Part | None:
    """None for the whole. Raises UnsupportedSearchError."""
    query = dict(request.query_params)
    types, count, after = query.pop("_type", None), query.pop("_count", str(_LARGEST_PAGE)), query.pop("_after", None)
    named = types.split(",") if types else None
    if query or not _is_count(count) or int(count) == 0 or not set(named or ()) <= RESOURCE_TYPES:
        raise UnsupportedSearchError
    return Part(named, int(count), after) if request.query_params else None


@fhir.get("/{type_}", openapi_extra=READERS)
async def search(type_: str, request: Request, asked: Asking, has: Has) -> Response:
    return await _searched(asked, type_, request.query_params.multi_items(), request, has.desk)


@fhir.post("/{type_}/_search", openapi_extra=READERS)
async def search_by_form(type_: str, request: Request, asked: Asking, has: Has) -> Response:
    """What is searched for stands in the body, where no proxy writes it down; parameters of the address count too."""
    form = await read_body(request, _LARGEST_FORM)
    return await _searched(asked, type_, [*request.query_params.multi_items(), *_pairs(form)], request, has.desk)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= len(str(_LARGEST_PAGE)) and int(text) <= _LARGEST_PAGE


def _pairs(form: bytes) -> Sequence[tuple[str, str]]:
    """What is no form becomes a parameter that nobody offers, so that its refusal is noted like any other."""
    try:
        return parse_qsl(form.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS) if len(form) <= _LARGEST_FORM else _UNREADABLE
    except ValueError:
        return _UNREADABLE


async def _searched(asked: Asked, type_: str, pairs: Sequence[tuple[str, str]], request: Request, desk: Desk) -> Response:
    query = dict(pairs)
    after, count = query.pop("_after", None), query.pop("_count", "100")
    patient = query.get("patient", "").removeprefix("Patient/")
    if is_ours(patient):
        asked.addressed.add(PatientId(patient))
    async with noting_failures(asked, Action.SEARCH, type_, resource=None, desk=desk):
        if not _is_count(count) or len(pairs) != len(dict(pairs)):
            raise UnsupportedSearchError
        found = await _search(asked, type_, query, desk)
    return searchset(found, request, after=after, count=int(count))


async def _search(asked: Asked, type_: str, query: dict[str, str], desk: Desk) -> Found:
    require_type(type_)
    question = Search(asked.actor, asked.purpose, type_, asked.now)
    match query:
        case {"patient": patient, **rest} if not rest and patient:
            return await search_by_patient(question, patient.removeprefix("Patient/"), desk=desk)
        case {"_id": idents, **rest} if not rest and idents:
            return await search_by_id(question, idents.split(","), desk=desk)
        case _ if type_ == "Patient":
            return await find_patients(question, wanted_patients(query), desk=desk)
        case _:
            raise UnsupportedSearchError


@fhir.api_route("/{type_}/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False, openapi_extra=SIGNED_IN)
async def anything_else(type_: str, rest: str, request: Request, asked: Asking, has: Has) -> Response:
    """What FHIR has and this server does not offer yet is refused by name, alike for known and unknown ids, and noted in the chart."""
    ident = rest.partition("/")[0]
    action = Action.SEARCH if request.method == "GET" else Action.UPDATE
    address = f"{type_}/{ident}" if type_ in RESOURCE_TYPES and is_ours(ident) else None
    async with noting_failures(asked, action, type_, resource=address, desk=has.desk):
        record = await has.desk.store.find(address) if address else None
        if record is not None and record.patient is not None:
            asked.addressed.add(record.patient)
        require_type(type_)
        raise NotFoundError if request.method == "GET" and rest == ident else UnsupportedInteractionError
