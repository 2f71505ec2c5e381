"""The pages of training: one's own modules, an attempt at one, and the duties of a site's staff."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.portal.forms import own_form
from services.portal.pages import page
from services.portal.signed import At, Ident, OwnSite, Reading
from shared.clock import rfc3339, utc_now
from shared.http import professions
from shared.vocabulary import Profession

LEARNERS = professions(*(set(Profession) - {Profession.PATIENT, Profession.INTEGRATION}))
TRAINERS = professions(Profession.TRAINER)
training = APIRouter()


@training.get("/modules", openapi_extra=LEARNERS, response_class=HTMLResponse)
async def own_modules(request: Request, reader: Reading, desk: At) -> HTMLResponse:
    told = await desk.group.ask(reader, "governance", "/modules")
    return page("training/modules.html", request, session=reader.session, duties=told.body)


@training.get("/modules/{module}", openapi_extra=LEARNERS, response_class=HTMLResponse)
async def one_module(module: Ident, request: Request, reader: Reading, desk: At) -> HTMLResponse:
    told = await desk.group.ask(reader, "governance", f"/modules/{module}")
    return page("training/module.html", request, session=reader.session, module=told.body)


@training.post("/modules/{module}", openapi_extra=LEARNERS, response_class=HTMLResponse, dependencies=[OwnSite])
async def hand_in(module: Ident, request: Request, reader: Reading, desk: At) -> HTMLResponse:
    """Each field is a question's id, its values the choices; failed or passed, the page says what was wrong."""
    form = await own_form(request, reader.session)
    answers = {name.removeprefix("q-"): chosen for name, chosen in form.items() if name.startswith("q-")}
    marked = await desk.group.ask(reader, "governance", f"/modules/{module}/attempts", send={"answers": answers})
    asked = await desk.group.ask(reader, "governance", f"/modules/{module}")
    questions = {question["id"]: question["asks"] for question in asked.body["questions"]}
    return page("training/marked.html", request, session=reader.session, module=asked.body, marked=marked.body, questions=questions)


@training.get("/staff", openapi_extra=TRAINERS, response_class=HTMLResponse)
async def staff(request: Request, reader: Reading, desk: At) -> HTMLResponse:
    told = await desk.group.ask(reader, "governance", "/staff")
    return page("training/staff.html", request, session=reader.session, site=told.body, places=desk.places)


@training.post("/staff/{ident}/duties/{module}", openapi_extra=TRAINERS, status_code=303, dependencies=[OwnSite])
async def end_duty(ident: Ident, module: Ident, request: Request, reader: Reading, desk: At) -> Response:
    """From now on the person must take the module before they open a record."""
    await own_form(request, reader.session)
    ended = {"valid_until": rfc3339(utc_now())}
    await desk.group.put(reader, "governance", f"/staff/{ident}/duties/{module}", ended)
    return RedirectResponse("/staff", status_code=303)
