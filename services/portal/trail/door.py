"""The page of a trail, for the patient and for privacy officers, and the proof of one entry."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from services.portal.desk import Desk
from services.portal.group import Reader
from services.portal.ledger.search import within
from services.portal.names import names_of
from services.portal.pages import page
from services.portal.signed import At, Ident, Reading
from services.portal.trail.visits import visits
from shared.http import professions
from shared.vocabulary import Profession, Purpose

PATIENTS = professions(Profession.PATIENT)
OFFICERS = professions(Profession.PRIVACY_OFFICER)
ANYBODY = professions(*Profession)
LOG = "/log/records.access"
Before = Annotated[int | None, Query(ge=0)]
trail = APIRouter()


@trail.get("/trail", openapi_extra=PATIENTS, response_class=HTMLResponse)
async def own_trail(request: Request, reader: Reading, desk: At, before: Before = None) -> HTMLResponse:
    """A hundred entries of the ledger at most, as visits; reading it is an entry, too."""
    return await _trail(str(reader.session.person.patient), Purpose.PATIENT_REQUEST, before, request=request, reader=reader, desk=desk)


@trail.get("/trail/{patient}", openapi_extra=OFFICERS, response_class=HTMLResponse)
async def patients_trail(patient: Ident, request: Request, reader: Reading, desk: At, before: Before = None) -> HTMLResponse:
    """With the accounts, and the proof of each entry."""
    return await _trail(patient, Purpose.COMPLIANCE, before, request=request, reader=reader, desk=desk)


async def _trail(patient: str, purpose: Purpose, before: int | None, *, request: Request, reader: Reader, desk: Desk) -> HTMLResponse:
    told = await desk.group.ask(
        reader, "audit", f"{LOG}/trail/{patient}" + ("" if before is None else f"?before={before}"), purpose=purpose
    )
    found = visits(told.body["accesses"], request.app.state.time_zone, desk.places)
    names = await names_of(reader, [visit.access.get("actor") for visit in found], group=desk.group)
    what = {"visits": found, "following": told.body["following"], "whose": patient, "names": names, "within": within}
    own = purpose is Purpose.PATIENT_REQUEST
    return page("trail/trail.html", request, session=reader.session, own=own, **what)


@trail.get("/proof/{note}", openapi_extra=ANYBODY)
async def proof(note: Ident, reader: Reading, desk: At) -> Response:
    """A C2SP tlog-proof to keep: that the note of that id stands in the signed ledger. It tells nothing else, and is public."""
    told = await desk.group.ask(reader, "audit", f"{LOG}/proof/{note}")
    headers = {"content-disposition": 'attachment; filename="entry.tlog-proof"', "cache-control": "no-store"}
    return Response(told.content, media_type="text/plain; charset=utf-8", headers=headers)
