"""The page of a patient's own trail."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from services.portal.pages import page
from services.portal.signed import At, Reading
from services.portal.trail.visits import visits
from shared.http import professions
from shared.vocabulary import Profession, Purpose

PATIENTS = professions(Profession.PATIENT)
trail = APIRouter()


@trail.get("/trail", openapi_extra=PATIENTS, response_class=HTMLResponse)
async def own_trail(request: Request, reader: Reading, desk: At, before: Annotated[int | None, Query(ge=0)] = None) -> HTMLResponse:
    """A hundred entries of the ledger at most, as visits; reading it is an entry, too."""
    path = f"/log/records.access/trail/{reader.session.person.patient}" + ("" if before is None else f"?before={before}")
    told = await desk.group.ask(reader, "audit", path, purpose=Purpose.PATIENT_REQUEST)
    found = visits(told.body["accesses"], request.app.state.time_zone, desk.places)
    return page("trail/trail.html", request, session=reader.session, visits=found, following=told.body["following"])
