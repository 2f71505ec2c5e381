"""The HTTP door of `records`: FHIR under `/fhir`, erasures beside it; each route calls one story."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Query, Request, Response

from services.records.capabilities import capability_statement
from services.records.erasing.erase_chart import confirm_erasure, propose_erasure
from services.records.erasing.erasures import Erasure
from services.records.fhir.definitions import RESOURCE_TYPES
from services.records.model import OpenedRecord
from services.records.reading.search_chart import Found, Search, UnsupportedSearchError, search_by_id, search_by_patient
from services.records.refusals import NotFoundError
from services.records.resources import RecordsResources
from services.records.schemas import ErasureAnswer, ErasureProposal
from services.records.unanswerable import note_incomplete
from services.records.writing.planned import HELD_ELSEWHERE, ElsewhereError, Written
from services.records.writing.planned import Request as WriteRequest
from services.records.writing.store_bundle import Entry, store_bundle
from services.records.writing.store_record import create_record, delete_record, update_record
from shared.clock import rfc3339, utc_now
from shared.http import FHIR_JSON
from shared.identity import PurposeNotHeldError, TokenIncompleteError, bearer, purpose_of
from shared.vocabulary import Action, Profession

fhir = APIRouter(prefix="/fhir")
charts = APIRouter()
_STAFF = [Profession.CLINICIAN, Profession.CLERK]


def professions(*allowed: Profession) -> dict[str, Any]:
    """What a route declares for docs/permissions.md; `decide` is what enforces it."""
    return {"x-professions": sorted(allowed)}


READERS = professions(*_STAFF, Profession.PATIENT, Profession.PRIVACY_OFFICER, Profession.TRAINER, Profession.OPERATOR)
WRITERS = professions(*_STAFF, Profession.INTEGRATION)
ERASERS = professions(Profession.PRIVACY_OFFICER)


def resources_of(request: Request) -> RecordsResources:
    return request.app.state.resources  # type: ignore[no-any-return]


Has = Annotated[RecordsResources, Depends(resources_of)]


async def asking(request: Request, has: Has, x_purpose_of_use: Annotated[str | None, Header()] = None) -> WriteRequest:
    """Who asks and for what purpose; a genuine token that does not say enough is refused and noted."""
    now = utc_now()
    token = bearer(request.headers.get("authorization"))
    try:
        actor = await has.identities.verify(token)
        return WriteRequest(actor, purpose_of(actor, x_purpose_of_use), now)
    except (TokenIncompleteError, PurposeNotHeldError) as error:
        parts = [*request.url.path.removeprefix("/fhir/").split("/"), ""]
        type_ = parts[0] if parts[0] in RESOURCE_TYPES else ""
        action = {"POST": Action.CREATE, "PUT": Action.UPDATE, "DELETE": Action.DELETE}.get(request.method, Action.SEARCH)
        await note_incomplete(error, type_, parts[1], now=now, desk=has.desk, action=action)
        raise


Asking = Annotated[WriteRequest, Depends(asking)]


def _type(type_: str) -> str:
    if type_ not in RESOURCE_TYPES:
        raise NotFoundError
    if type_ in HELD_ELSEWHERE:
        raise ElsewhereError
    return type_


Type = Annotated[str, Depends(_type)]


@fhir.get("/metadata")
async def metadata(request: Request) -> Response:
    return Response(capability_statement(str(request.base_url)), media_type=FHIR_JSON)


@fhir.post("", openapi_extra=WRITERS)
@fhir.post("/", openapi_extra=WRITERS, include_in_schema=False)
async def transaction(request: Request, asked: Asking, has: Has) -> Response:
    entries, written = await store_bundle(asked, await _body(request), desk=has.desk)
    rows = [_entry_answer(entry, written.get(f"{entry.type}/{entry.ident}")) for entry in entries]
    body = orjson.dumps({"resourceType": "Bundle", "type": "transaction-response", "entry": rows})
    first = next(iter(written.values()), None)
    return Response(body, media_type=FHIR_JSON, headers=_NO_STORE | ({"x-decision-id": first.note} if first else {}))


@fhir.post("/{type_}", status_code=201, openapi_extra=WRITERS)
async def create(type_: Type, request: Request, asked: Asking, has: Has) -> Response:
    written = await create_record(asked, type_, await _body(request), desk=has.desk)
    return _written(written, 201, request)


@fhir.put("/{type_}/{ident}", openapi_extra=WRITERS)
async def update(type_: Type, ident: str, request: Request, asked: Asking, has: Has) -> Response:
    if_match = _version(request.headers.get("if-match"))
    written = await update_record(asked, type_, ident, await _body(request), if_match=if_match, desk=has.desk)
    return _written(written, 200, request)


@fhir.delete("/{type_}/{ident}", status_code=204, openapi_extra=WRITERS)
async def delete(type_: Type, ident: str, request: Request, asked: Asking, has: Has) -> Response:
    written = await delete_record(asked, type_, ident, if_match=_version(request.headers.get("if-match")), desk=has.desk)
    return Response(status_code=204, headers={"etag": _etag(written.record.version), "x-decision-id": written.note, **_NO_STORE})


@fhir.get("/Patient/{ident}/$everything", openapi_extra=READERS)
async def everything(ident: str, request: Request, asked: Asking, has: Has) -> Response:
    found = await search_by_patient(Search(asked.actor, asked.purpose, None, asked.now), ident, desk=has.desk)
    if not found.records:
        raise NotFoundError
    return _searchset(found, found.records, None, request)


@fhir.get("/{type_}", openapi_extra=READERS)
async def search(
    type_: Type, request: Request, asked: Asking, has: Has, count: Annotated[int, Query(alias="_count", ge=0, le=1000)] = 100
) -> Response:
    asked_for = dict(request.query_params)
    patient, idents, after = asked_for.pop("patient", None), asked_for.pop("_id", None), asked_for.pop("_after", None)
    asked_for.pop("_count", None)
    if asked_for or (patient is None) == (idents is None) or len(request.query_params.multi_items()) != len(request.query_params):
        raise UnsupportedSearchError
    question = Search(asked.actor, asked.purpose, type_, asked.now)
    if idents is not None:
        found = await search_by_id(question, idents.split(","), desk=has.desk)
    else:
        found = await search_by_patient(question, str(patient).removeprefix("Patient/"), desk=has.desk)
    page, following = _page(found.records, after, count)
    return _searchset(found, page, following, request)


def _page(records: Any, after: str | None, count: int) -> tuple[list[OpenedRecord], str | None]:
    """The `count` records that follow the one called `after`, and the name of the last when there are more."""
    names = [record.record.ident for record in records]
    start = names.index(after) + 1 if after in names else 0
    page = list(records[start : start + count])
    return page, page[-1].record.ident if page and start + count < len(names) else None


def _searchset(found: Found, page: Any, following: str | None, request: Request) -> Response:
    base = f"{str(request.base_url).rstrip('/')}/fhir"
    links = [{"relation": "self", "url": str(request.url)}]
    if following:
        links.append({"relation": "next", "url": str(request.url.include_query_params(_after=following))})
    entries = [
        {"fullUrl": f"{base}/{one.record.address}", "resource": orjson.Fragment(one.body), "search": {"mode": "match"}} for one in page
    ]
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(found.records), "link": links, "entry": entries}
    if not entries:
        del bundle["entry"]
    return Response(orjson.dumps(bundle), media_type=FHIR_JSON, headers={"x-decision-id": found.decision, **_NO_STORE})


_NO_STORE = {"cache-control": "no-store"}


async def _body(request: Request) -> bytes:
    """Read with a limit, so that no body can fill the memory before it is refused."""
    from services.records.fhir.issues import Issue, OversizedResourceError
    from services.records.writing.store_bundle import LARGEST_BUNDLE

    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BUNDLE:
            raise OversizedResourceError(Issue("fatal", "too-long", None, "too-big"))
        parts.append(part)
    return b"".join(parts)


def _version(tag: str | None) -> int | None:
    """`W/"3"`, `"3"` or `3`; anything else matches no version."""
    if tag is None:
        return None
    text = tag.strip().removeprefix("W/").strip('"')
    return int(text) if text.isdigit() else -1


def _etag(version: int) -> str:
    return f'W/"{version}"'


def _headers(written: Written) -> dict[str, str]:
    return {"etag": _etag(written.record.version), "x-decision-id": written.note, **_NO_STORE}


def _written(written: Written, status: int, request: Request) -> Response:
    location = f"{str(request.base_url).rstrip('/')}/fhir/{written.record.address}/_history/{written.record.version}"
    headers = _headers(written) | ({"location": location} if status == 201 else {})  # noqa: PLR2004
    minimal = "return=minimal" in request.headers.get("prefer", "")
    return Response(b"" if minimal else written.body, status_code=status, media_type=FHIR_JSON, headers=headers)


def _entry_answer(entry: Entry, written: Written | None) -> dict[str, Any]:
    if written is None:
        return {"response": {"status": "200", "location": entry.found}}
    status = {"POST": "201", "PUT": "200", "DELETE": "204"}[entry.method]
    location = f"{written.record.address}/_history/{written.record.version}"
    return {
        "response": {
            "status": status,
            "location": location,
            "etag": _etag(written.record.version),
            "lastModified": rfc3339(written.record.updated_at),
        }
    }


@charts.post("/charts/{patient}/erasures", status_code=201, openapi_extra=ERASERS)
async def propose(patient: str, proposal: ErasureProposal, asked: Asking, has: Has) -> ErasureAnswer:
    """The first of two officers."""
    return _erasure(await propose_erasure(asked, patient, proposal.grounds, eraser=has.eraser, desk=has.desk))


@charts.post("/erasures/{ident}/confirmation", openapi_extra=ERASERS)
async def confirm(ident: str, asked: Asking, has: Has) -> ErasureAnswer:
    """The second officer; the chart's keys are destroyed when this is answered."""
    return _erasure(await confirm_erasure(asked, ident, eraser=has.eraser, desk=has.desk))


def _erasure(erasure: Erasure) -> ErasureAnswer:
    return ErasureAnswer(id=erasure.ident, state=erasure.state, proposed_at=erasure.proposed_at, destroyed_at=erasure.destroyed_at)
