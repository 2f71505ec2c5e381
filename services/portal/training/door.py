"""The pages of training: one's own modules, an attempt at one, and the duties of a site's staff."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.portal.desk import Desk
from services.portal.forms import first, own_form
from services.portal.group import Reader
from services.portal.pages import page
from services.portal.signed import At, Ident, OwnSite, Reading
from services.portal.training.due import Choice, modules_of, who_is_due
from shared.clock import rfc3339, utc_now
from shared.http import professions
from shared.vocabulary import Profession

LEARNERS = professions(*(set(Profession) - {Profession.PATIENT, Profession.INTEGRATION}))
TRAINERS = professions(Profession.TRAINER)
Filter = Annotated[str, Query(max_length=64, pattern=r"^[0-9A-Za-z-]*$")]
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
async def staff(request: Request, reader: Reading, desk: At, unit: Filter = "", module: Filter = "") -> HTMLResponse:
    """Who is due comes first, then everybody; both by unit and module."""
    told = await desk.group.ask(reader, "governance", "/staff")
    everybody, choice = told.body["staff"], Choice(unit, module)
    people = choice.of(everybody)
    offered = {"units": told.body["units"], "modules": modules_of(everybody)}
    what = {"site": told.body["site"], "people": people, "due": who_is_due(people), "choice": choice, "kept": choice.query, **offered}
    return page("training/staff.html", request, session=reader.session, places=desk.places, **what)


@training.post("/staff/reminders", openapi_extra=TRAINERS, status_code=303, dependencies=[OwnSite])
async def remind_everybody(request: Request, reader: Reading, desk: At) -> Response:
    """Everybody that the page shows as due; one reminded already is told nothing, so pressing twice sends nothing twice."""
    choice = _choice(await own_form(request, reader.session))
    told = await desk.group.ask(reader, "governance", "/staff")
    for due in who_is_due(choice.of(told.body["staff"])):
        if due.again:
            await _remind(due.person["id"], due.duty["module"], reader, desk)
    return _back_to_staff(choice)


@training.post("/staff/{ident}/duties/{module}/reminder", openapi_extra=TRAINERS, status_code=303, dependencies=[OwnSite])
async def remind_one(ident: Ident, module: Ident, request: Request, reader: Reading, desk: At) -> Response:
    choice = _choice(await own_form(request, reader.session))
    await _remind(ident, module, reader, desk)
    return _back_to_staff(choice)


@training.post("/staff/{ident}/duties/{module}", openapi_extra=TRAINERS, status_code=303, dependencies=[OwnSite])
async def end_duty(ident: Ident, module: Ident, request: Request, reader: Reading, desk: At) -> Response:
    """From now on the person must take the module before they open a record."""
    choice = _choice(await own_form(request, reader.session))
    ended = {"valid_until": rfc3339(utc_now())}
    await desk.group.put(reader, "governance", f"/staff/{ident}/duties/{module}", ended)
    return _back_to_staff(choice)


async def _remind(ident: str, module: str, reader: Reader, desk: Desk) -> None:
    await desk.group.ask(reader, "governance", f"/staff/{ident}/duties/{module}/reminder", send={})


def _choice(form: Mapping[str, list[str]]) -> Choice:
    return Choice(first(form, "unit"), first(form, "module"))


def _back_to_staff(choice: Choice) -> Response:
    return RedirectResponse(f"/staff?{urlencode(choice.query)}".rstrip("?"), status_code=303)
