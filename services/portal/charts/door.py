"""The pages of charts: opening one, why it is shut, and breaking the glass."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.portal.charts.chart import HEIGHT, WIDTH, read_chart
from services.portal.charts.found_patients import found_patients
from services.portal.charts.person import read_person
from services.portal.charts.read_resources import read_resources
from services.portal.desk import Desk
from services.portal.forms import first, own_form
from services.portal.group import Reader, ServiceRefusedError
from services.portal.pages import page
from services.portal.signed import At, Belonging, Ident, OwnSite, Reading, renew_secret
from shared.http import professions
from shared.vocabulary import Profession, Purpose, is_ours

CLINICIANS = professions(Profession.CLINICIAN)
DESKS = professions(Profession.CLINICIAN, Profession.CLERK)
_SHUT = "access-refused"
_NOT_OFFERED = "unsupported-search"
charts = APIRouter()


@charts.get("/charts", openapi_extra=DESKS, response_class=HTMLResponse)
async def find_chart(request: Request, reader: Belonging) -> HTMLResponse:
    return page("charts/find.html", request, session=reader.session, found=None, wrong=False)


@charts.post("/charts", openapi_extra=DESKS, dependencies=[OwnSite])
async def found_charts(request: Request, reader: Reading, desk: At) -> Response:
    """What is searched for is in the form, never in an address; the record's own number leads to the chart at once."""
    form = await own_form(request, reader.session)
    number, family, born = (first(form, name).strip() for name in ("number", "family", "born"))
    if is_ours(number.lower()):
        return RedirectResponse(f"/charts/{number.lower()}", status_code=303)
    wanted = {name: value for name, value in {"identifier": number, "family": family, "birthdate": born}.items() if value}
    try:
        told = await desk.group.find_patients(reader, wanted, purpose=_purpose(reader))
    except ServiceRefusedError as error:
        if error.problem != _NOT_OFFERED:
            raise
        return page("charts/find.html", request, session=reader.session, status=422, found=None, wrong=True)
    return page("charts/find.html", request, session=reader.session, found=found_patients(told.body), wrong=False)


@charts.get("/charts/{patient}", openapi_extra=DESKS, response_class=HTMLResponse)
async def one_chart(patient: Ident, request: Request, reader: Reading, desk: At, emergency: bool = False) -> HTMLResponse:
    """A clerk's is what the admissions desk needs. A clinician's refusal is a page of its own, with its reason and the way in.

    How long an emergency lasts is asked only after one was opened: asking is noted, too.
    """
    if reader.session.person.profession == Profession.CLERK:
        told = await desk.group.ask(reader, "records", f"/fhir/Patient/{patient}", purpose=Purpose.PATIENT_ADMINISTRATION)
        return page("charts/person.html", request, session=reader.session, person=read_person(told.body), decision=told.decision)
    try:
        resources, whole, decision = await read_resources(patient, reader=reader, group=desk.group)
    except ServiceRefusedError as error:
        if error.problem != _SHUT:
            raise
        return page("charts/shut.html", request, status=403, session=reader.session, patient=patient, sentence=error.detail)
    ends_at = await _emergency(patient, reader, desk) if emergency else None
    kept = {"emergency": "true"} if emergency else {}
    what: dict[str, Any] = {
        "chart": read_chart(resources),
        "whole": whole,
        "decision": decision,
        "ends_at": ends_at,
        "width": WIDTH,
        "height": HEIGHT,
    }
    return page("charts/chart.html", request, session=reader.session, patient=patient, kept=kept, **what)


@charts.post("/charts/{patient}/emergency", openapi_extra=CLINICIANS, status_code=303, dependencies=[OwnSite])
async def break_glass(patient: Ident, request: Request, reader: Reading, desk: At) -> Response:
    form = await own_form(request, reader.session)
    await desk.group.ask(
        reader, "records", f"/charts/{patient}/emergency", purpose=Purpose.TREATMENT, send={"reason": first(form, "reason")}
    )
    await renew_secret(request, reader.session, desk)
    return RedirectResponse(f"/charts/{patient}?emergency=true", status_code=303)


async def _emergency(patient: str, reader: Reader, desk: Desk) -> str | None:
    """Until when the reader's own emergency keeps the chart open; None without one."""
    try:
        told = await desk.group.ask(reader, "records", f"/charts/{patient}/emergency", purpose=Purpose.TREATMENT)
    except ServiceRefusedError:
        return None
    return str(told.body["ends_at"])


def _purpose(reader: Reader) -> Purpose:
    return Purpose.PATIENT_ADMINISTRATION if reader.session.person.profession == Profession.CLERK else Purpose.TREATMENT
