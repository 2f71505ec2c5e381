"""The pages of cases and reviews, for privacy officers."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.portal.forms import first, own_form
from services.portal.group import ServiceRefusedError, ServiceSilentError, with_query
from services.portal.ledger.search import within
from services.portal.names import names_of
from services.portal.pages import page
from services.portal.signed import After, At, Ident, OwnSite, Reading
from shared.http import professions
from shared.vocabulary import Profession, Purpose

OFFICERS = professions(Profession.PRIVACY_OFFICER)
_STATES = ("suspected", "confirmed", "dismissed", "closed")
State = Annotated[str | None, Query(max_length=16, pattern=r"^[a-z-]+$")]
cases = APIRouter()


@cases.get("/today", openapi_extra=OFFICERS, response_class=HTMLResponse)
async def today(request: Request, reader: Reading, desk: At) -> HTMLResponse:
    """What waits for an officer, the first due first; no patient is named, so nobody's trail grows by looking."""
    told = await desk.group.ask(reader, "notifier", "/due", purpose=Purpose.COMPLIANCE)
    return page("cases/today.html", request, session=reader.session, waiting=told.body, places=desk.places)


@cases.get("/cases", openapi_extra=OFFICERS, response_class=HTMLResponse)
async def list_cases(request: Request, reader: Reading, desk: At, state: State = None, after: After = None) -> HTMLResponse:
    told = await desk.group.ask(reader, "notifier", with_query("/cases", state=state, after=after), purpose=Purpose.COMPLIANCE)
    return page(
        "cases/cases.html",
        request,
        session=reader.session,
        found=told.body,
        state=state,
        states=_STATES,
        places=desk.places,
        kept={"state": state} if state else {},
    )


@cases.get("/cases/{case}", openapi_extra=OFFICERS, response_class=HTMLResponse)
async def one_case(case: Ident, request: Request, reader: Reading, desk: At) -> HTMLResponse:
    told = (await desk.group.ask(reader, "notifier", f"/cases/{case}", purpose=Purpose.COMPLIANCE)).body
    names = await names_of(reader, [told["actor"], *(step["by"] for step in told["timeline"])], group=desk.group)
    what = {"case": told, "places": desk.places, "names": names, "within": within(told["first"], told["last"])}
    return page("cases/case.html", request, session=reader.session, **what)


@cases.get("/cases/{case}/patients", openapi_extra=OFFICERS, response_class=HTMLResponse)
async def affected(case: Ident, request: Request, reader: Reading, desk: At, after: After = None) -> HTMLResponse:
    """Showing who is affected is noted in each one's trail, so it is a page of its own."""
    told = await desk.group.ask(reader, "notifier", with_query(f"/cases/{case}/patients", after=after), purpose=Purpose.COMPLIANCE)
    return page("cases/patients.html", request, session=reader.session, case=case, found=told.body)


@cases.post("/cases/{case}/{move}", openapi_extra=OFFICERS, status_code=303, dependencies=[OwnSite])
async def decide(case: Ident, move: Ident, request: Request, reader: Reading, desk: At) -> Response:
    """The form carries the version that was read; somebody else's newer word refuses it."""
    form = await own_form(request, reader.session)
    more = {"if-match": f'"{first(form, "version")}"'}
    await desk.group.ask(
        reader, "notifier", f"/cases/{case}/{move}", purpose=Purpose.COMPLIANCE, send={"reason": first(form, "reason")}, more=more
    )
    return RedirectResponse(f"/cases/{case}", status_code=303)


@cases.get("/reviews", openapi_extra=OFFICERS, response_class=HTMLResponse)
async def list_reviews(request: Request, reader: Reading, desk: At, state: State = None, after: After = None) -> HTMLResponse:
    told = await desk.group.ask(reader, "notifier", with_query("/reviews", state=state, after=after), purpose=Purpose.COMPLIANCE)
    return page("cases/reviews.html", request, session=reader.session, found=told.body, places=desk.places)


@cases.get("/reviews/{grant}", openapi_extra=OFFICERS, response_class=HTMLResponse)
async def one_review(grant: Ident, request: Request, reader: Reading, desk: At) -> HTMLResponse:
    """With the clinician's own words, which `records` opens for whoever reviews it."""
    told = await desk.group.ask(reader, "notifier", f"/reviews/{grant}", purpose=Purpose.COMPLIANCE)
    opened, unopened = None, ""
    try:
        path = f"/charts/{told.body['patient']}/emergencies/{grant}"
        opened = (await desk.group.ask(reader, "records", path, purpose=Purpose.COMPLIANCE)).body
    except (ServiceSilentError, ServiceRefusedError) as error:
        unopened = error.said().in_language(reader.language)
    names = await names_of(reader, [told.body["staff"], told.body["reviewed_by"]], group=desk.group)
    meanwhile = within(told.body["opened_at"], told.body["ends_at"])
    what = {"review": told.body, "opened": opened, "unopened": unopened, "places": desk.places, "names": names, "within": meanwhile}
    return page("cases/review.html", request, session=reader.session, **what)


@cases.post("/reviews/{grant}", openapi_extra=OFFICERS, status_code=303, dependencies=[OwnSite])
async def judge(grant: Ident, request: Request, reader: Reading, desk: At) -> Response:
    form = await own_form(request, reader.session)
    sent = {"finding": first(form, "finding")}
    await desk.group.ask(reader, "notifier", f"/reviews/{grant}", purpose=Purpose.COMPLIANCE, send=sent)
    return RedirectResponse(f"/reviews/{grant}", status_code=303)
