"""The page of a trail, for the patient and for privacy officers, and the proof of one entry."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from services.portal.desk import Desk
from services.portal.group import Reader, with_query
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
LOGS = ("records", "consent", "notifier", "audit")
"""Services with a log about patients, in the order in which people ask."""
Log = Annotated[Literal["records", "consent", "notifier", "audit"], Query()]
Before = Annotated[int | None, Query(ge=0)]
trail = APIRouter()


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose trail in which log is shown, for what purpose, below which entry."""

    patient: str
    purpose: Purpose
    log: str
    before: int | None


@trail.get("/trail", openapi_extra=PATIENTS, response_class=HTMLResponse)
async def own_trail(request: Request, reader: Reading, desk: At, log: Log = "records", before: Before = None) -> HTMLResponse:
    """A hundred entries of one log at most, as visits; reading it is an entry, too."""
    asked = Asked(str(reader.session.person.patient), Purpose.PATIENT_REQUEST, log, before)
    return await _trail(asked, request=request, reader=reader, desk=desk)


@trail.get("/trail/{patient}", openapi_extra=OFFICERS, response_class=HTMLResponse)
async def patients_trail(
    patient: Ident, request: Request, reader: Reading, desk: At, log: Log = "records", before: Before = None
) -> HTMLResponse:
    """With the accounts, and the proof of each entry."""
    return await _trail(Asked(patient, Purpose.COMPLIANCE, log, before), request=request, reader=reader, desk=desk)


async def _trail(asked: Asked, *, request: Request, reader: Reader, desk: Desk) -> HTMLResponse:
    path = with_query(f"/log/{asked.log}.access/trail/{asked.patient}", before=asked.before)
    told = await desk.group.ask(reader, "audit", path, purpose=asked.purpose)
    found = visits(told.body["accesses"], request.app.state.time_zone, desk.places)
    names = await names_of(reader, [visit.access.get("actor") for visit in found], group=desk.group)
    what: dict[str, Any] = {"visits": found, "following": told.body["following"], "whose": asked.patient, "names": names, "within": within}
    what |= {"own": asked.purpose is Purpose.PATIENT_REQUEST, "log": asked.log, "logs": LOGS, "kept": {"log": asked.log}}
    return page("trail/trail.html", request, session=reader.session, **what)


@trail.get("/proof/{note}", openapi_extra=ANYBODY)
async def proof(note: Ident, reader: Reading, desk: At, log: Log = "records") -> Response:
    """A C2SP tlog-proof to keep: that the note of that id stands in the signed ledger. It tells nothing else, and is public."""
    told = await desk.group.ask(reader, "audit", f"/log/{log}.access/proof/{note}")
    headers = {"content-disposition": 'attachment; filename="entry.tlog-proof"', "cache-control": "no-store"}
    return Response(told.content, media_type="text/plain; charset=utf-8", headers=headers)
