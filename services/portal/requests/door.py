"""The pages of requests: a patient asks and reads the answer, an officer answers."""

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.portal.forms import first, own_form
from services.portal.group import with_query
from services.portal.pages import page
from services.portal.signed import After, At, Belonging, Ident, OwnSite, Reading
from shared.http import professions
from shared.vocabulary import Profession, Purpose

PATIENTS = professions(Profession.PATIENT)
OFFICERS = professions(Profession.PRIVACY_OFFICER)
RIGHTS = ("access", "copy", "correction", "restriction")
Kind = Annotated[str, Query(pattern=f"^(question|{'|'.join(RIGHTS)})$")]
Entries = Annotated[list[Annotated[int, Query(ge=0)]], Query(max_length=100)]
State = Annotated[str, Query(pattern="^(open|answered)$")]
requests = APIRouter()


@requests.get("/rights", openapi_extra=PATIENTS, response_class=HTMLResponse)
async def own_requests(request: Request, reader: Reading, desk: At) -> HTMLResponse:
    told = await desk.group.ask(reader, "notifier", "/requests/mine", purpose=Purpose.PATIENT_REQUEST)
    return page("requests/rights.html", request, session=reader.session, found=told.body["requests"], rights=RIGHTS)


@requests.get("/rights/new", openapi_extra=PATIENTS, response_class=HTMLResponse)
async def write_request(request: Request, reader: Belonging, kind: Kind, entry: Entries = []) -> HTMLResponse:  # noqa: B006 - never changed
    """A form for one kind; a question may name the ledger entries that it is about."""
    what: dict[str, Any] = {"kind": kind, "entries": entry, "key": secrets.token_urlsafe(16)}
    return page("requests/new.html", request, session=reader.session, kept={"kind": kind, "entry": entry}, **what)


@requests.post("/rights", openapi_extra=PATIENTS, status_code=303, dependencies=[OwnSite])
async def send_request(request: Request, reader: Reading, desk: At) -> Response:
    """The form's own key makes sending it twice one request."""
    form = await own_form(request, reader.session)
    entries = [int(number) for number in form.get("entry", ()) if number.isascii() and number.isdecimal() and len(number) < 16]  # noqa: PLR2004
    sent = {"kind": first(form, "kind"), "words": first(form, "words").strip(), "entries": entries}
    more = {"idempotency-key": first(form, "key")}
    await desk.group.ask(reader, "notifier", "/requests", purpose=Purpose.PATIENT_REQUEST, send=sent, more=more)
    return RedirectResponse("/rights", status_code=303)


@requests.get("/requests", openapi_extra=OFFICERS, response_class=HTMLResponse)
async def list_requests(request: Request, reader: Reading, desk: At, state: State = "open", after: After = None) -> HTMLResponse:
    told = await desk.group.ask(reader, "notifier", with_query("/requests", state=state, after=after), purpose=Purpose.COMPLIANCE)
    what = {"found": told.body, "state": state, "places": desk.places, "kept": {"state": state}}
    return page("requests/requests.html", request, session=reader.session, **what)


@requests.get("/requests/{ident}", openapi_extra=OFFICERS, response_class=HTMLResponse)
async def one_request(ident: Ident, request: Request, reader: Reading, desk: At) -> HTMLResponse:
    told = await desk.group.ask(reader, "notifier", f"/requests/{ident}", purpose=Purpose.COMPLIANCE)
    return page("requests/request.html", request, session=reader.session, asked=told.body, places=desk.places)


@requests.post("/requests/{ident}/answer", openapi_extra=OFFICERS, status_code=303, dependencies=[OwnSite])
async def answer(ident: Ident, request: Request, reader: Reading, desk: At) -> Response:
    return await _say("answer", ident, request, reader, desk)


@requests.post("/requests/{ident}/extension", openapi_extra=OFFICERS, status_code=303, dependencies=[OwnSite])
async def extend(ident: Ident, request: Request, reader: Reading, desk: At) -> Response:
    return await _say("extension", ident, request, reader, desk)


async def _say(word: str, ident: str, request: Request, reader: Reading, desk: At) -> Response:
    """The form carries the version that was read; somebody else's newer word refuses it."""
    form = await own_form(request, reader.session)
    sent = {"words": first(form, "words").strip(), "outcome": first(form, "outcome")}
    more = {"if-match": f'"{first(form, "version")}"'}
    await desk.group.ask(reader, "notifier", f"/requests/{ident}/{word}", purpose=Purpose.COMPLIANCE, send=sent, more=more)
    return RedirectResponse(f"/requests/{ident}", status_code=303)
