"""The pages of erasures, for privacy officers."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.portal.forms import first, own_form
from services.portal.group import ServiceRefusedError
from services.portal.pages import page
from services.portal.signed import At, Ident, OwnSite, Reading
from services.portal.words import WORDS
from shared.http import professions
from shared.vocabulary import Profession, Purpose, is_ours

OFFICERS = professions(Profession.PRIVACY_OFFICER)
GROUNDS = ("person-asked", "retention-ended", "unlawful")
erasures = APIRouter()


@erasures.get("/erasures", openapi_extra=OFFICERS, response_class=HTMLResponse)
async def waiting(request: Request, reader: Reading, desk: At) -> HTMLResponse:
    told = await desk.group.ask(reader, "records", "/erasures", purpose=Purpose.RECORDS_MANAGEMENT)
    return page("erasures/erasures.html", request, session=reader.session, found=told.body["erasures"], grounds=GROUNDS)


@erasures.post("/erasures", openapi_extra=OFFICERS, status_code=303, dependencies=[OwnSite])
async def propose(request: Request, reader: Reading, desk: At) -> Response:
    """The first officer's word; nothing is destroyed by it."""
    form = await own_form(request, reader.session)
    patient = first(form, "patient").strip().lower()
    if not is_ours(patient):
        raise ServiceRefusedError(422, "no-number", WORDS["erasure-number-wrong"].in_language(reader.language))
    sent = {"grounds": first(form, "grounds")}
    await desk.group.ask(reader, "records", f"/charts/{patient}/erasures", purpose=Purpose.RECORDS_MANAGEMENT, send=sent)
    return RedirectResponse("/erasures", status_code=303)


@erasures.post("/erasures/{ident}", openapi_extra=OFFICERS, response_class=HTMLResponse, dependencies=[OwnSite])
async def confirm(ident: Ident, request: Request, reader: Reading, desk: At) -> HTMLResponse:
    """The second officer's word; when this is answered, nothing of the chart opens any more."""
    form = await own_form(request, reader.session)
    if not first(form, "sure"):
        raise ServiceRefusedError(422, "not-sure", WORDS["erasure-not-sure"].in_language(reader.language))
    told = await desk.group.ask(reader, "records", f"/erasures/{ident}/confirmation", purpose=Purpose.RECORDS_MANAGEMENT, send={})
    return page("erasures/erased.html", request, session=reader.session, erased=told.body)
