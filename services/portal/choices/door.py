"""The pages of a patient's own choices, and their messages."""

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.portal.choices.offers import find_offer
from services.portal.desk import Desk
from services.portal.forms import first, own_form
from services.portal.group import Reader, ServiceRefusedError, with_query
from services.portal.pages import page
from services.portal.signed import At, Belonging, Ident, OwnSite, Reading
from services.portal.words import WORDS
from shared.http import professions
from shared.vocabulary import Profession, Purpose

PATIENTS = professions(Profession.PATIENT)
Name = Annotated[str, Query(max_length=128)]
choices = APIRouter()


async def _said(reader: Reader, desk: Desk) -> list[dict[str, Any]]:
    told = await desk.group.ask(
        reader, "consent", with_query("/consents", patient=reader.session.person.patient), purpose=Purpose.PATIENT_REQUEST
    )
    return list(reversed(told.body))


@choices.get("/choices", openapi_extra=PATIENTS, response_class=HTMLResponse)
async def own_choices(request: Request, reader: Reading, desk: At) -> HTMLResponse:
    said = await _said(reader, desk)
    active, past = ([one for one in said if (one["state"] == "active") is still] for still in (True, False))
    return page("choices/choices.html", request, session=reader.session, active=active, past=past, places=desk.places, key=_key())


@choices.get("/choices/new", openapi_extra=PATIENTS, response_class=HTMLResponse)
async def preview(request: Request, reader: Belonging, desk: At, what: Name, of: Name = "") -> HTMLResponse:
    """What a change would do, before it is saved."""
    offer = find_offer(what, of, desk.places)
    if offer is None:
        raise _unknown(reader)
    return page(
        "choices/preview.html", request, session=reader.session, offer=offer, places=desk.places, key=_key(), kept={"what": what, "of": of}
    )


@choices.post("/choices", openapi_extra=PATIENTS, status_code=303, dependencies=[OwnSite])
async def save(request: Request, reader: Reading, desk: At) -> Response:
    """Answered when it is in force everywhere; the form's own key makes sending it twice one choice."""
    form = await own_form(request, reader.session)
    offer = find_offer(first(form, "what"), first(form, "of"), desk.places)
    if offer is None:
        raise _unknown(reader)
    statement = {"patient": reader.session.person.patient, **offer.statement}
    said = await desk.group.ask(
        reader, "consent", "/consents", purpose=Purpose.PATIENT_REQUEST, send=statement, more={"idempotency-key": first(form, "key")}
    )
    return RedirectResponse(f"/choices/{said.body['id']}", status_code=303)


@choices.get("/choices/{ident}", openapi_extra=PATIENTS, response_class=HTMLResponse)
async def receipt(ident: Ident, request: Request, reader: Reading, desk: At) -> HTMLResponse:
    found = next((one for one in await _said(reader, desk) if one["id"] == ident), None)
    if found is None:
        raise _unknown(reader)
    return page("choices/receipt.html", request, session=reader.session, said=found, places=desk.places)


@choices.post("/choices/{ident}/withdrawal", openapi_extra=PATIENTS, status_code=303, dependencies=[OwnSite])
async def take_back(ident: Ident, request: Request, reader: Reading, desk: At) -> Response:
    form = await own_form(request, reader.session)
    more = {"idempotency-key": first(form, "key")}
    await desk.group.ask(reader, "consent", f"/consents/{ident}/withdrawal", purpose=Purpose.PATIENT_REQUEST, send={}, more=more)
    return RedirectResponse(f"/choices/{ident}", status_code=303)


@choices.get("/messages", openapi_extra=PATIENTS, response_class=HTMLResponse)
async def messages(request: Request, reader: Reading, desk: At) -> HTMLResponse:
    told = await desk.group.ask(reader, "notifier", "/messages", purpose=Purpose.PATIENT_REQUEST)
    return page("choices/messages.html", request, session=reader.session, messages=told.body["messages"])


def _key() -> str:
    """Of one form, so that it counts once however often it is sent."""
    return secrets.token_urlsafe(16)


def _unknown(reader: Reader) -> ServiceRefusedError:
    return ServiceRefusedError(404, "no-such-choice", WORDS["no-such-choice"].in_language(reader.language))
