"""The door of emergencies, beside FHIR: a clinician opens one chart for some hours and says why; whoever reviews it reads that."""

from fastapi import APIRouter, Request, Response

from services.records.asking import Asking, Has
from services.records.emergency.open_emergency import Opened, WrongReasonError, find_emergency, open_emergency
from services.records.emergency.review_emergency import review_emergency
from services.records.model import WHOLE_CHART, Asked
from services.records.noting_failures import noting_failures
from services.records.schemas import EmergencyAnswer, EmergencyReason, EmergencyReview
from shared.bodies import UnfitBodyError, read_as
from shared.http import professions
from shared.vocabulary import Action, PatientId, Profession, is_ours

emergencies = APIRouter()
GLASS_BREAKERS = professions(Profession.CLINICIAN)
REVIEWERS = professions(Profession.PRIVACY_OFFICER)
_LARGEST_BODY = 8192


@emergencies.post("/charts/{patient}/emergency", status_code=201, openapi_extra=GLASS_BREAKERS)
async def break_glass(patient: str, request: Request, response: Response, asked: Asking, has: Has) -> EmergencyAnswer:
    """The body is `{"reason": "..."}`, 10 to 500 characters; 200 with the same grant while one is live."""
    async with noting_failures(_addressing(asked, patient), Action.BREAK_GLASS, WHOLE_CHART, resource=None, desk=has.desk):
        try:
            said = await read_as(EmergencyReason, request, _LARGEST_BODY)
        except UnfitBodyError:
            raise WrongReasonError from None
        opened = await open_emergency(asked, patient, said.reason, terms=has.emergency_terms, desk=has.desk)
    response.status_code = 201 if opened.anew else 200
    return _answer(opened, response)


@emergencies.get("/charts/{patient}/emergency", openapi_extra=GLASS_BREAKERS)
async def show_emergency(patient: str, response: Response, asked: Asking, has: Has) -> EmergencyAnswer:
    """The asker's own, while it is live."""
    async with noting_failures(_addressing(asked, patient), Action.BREAK_GLASS, WHOLE_CHART, resource=None, desk=has.desk):
        opened = await find_emergency(asked, patient, desk=has.desk)
    return _answer(opened, response)


@emergencies.get("/charts/{patient}/emergencies/{grant}", openapi_extra=REVIEWERS)
async def show_reason(patient: str, grant: str, response: Response, asked: Asking, has: Has) -> EmergencyReview:
    """Who opened the chart, until when, and why: for whoever reviews it."""
    async with noting_failures(_addressing(asked, patient), Action.REVIEW, WHOLE_CHART, resource=None, desk=has.desk):
        reviewed = await review_emergency(asked, patient, grant, desk=has.desk)
    response.headers.update({"x-decision-id": reviewed.decision, "cache-control": "no-store"})
    emergency, granted = reviewed.emergency, reviewed.emergency.grant
    return EmergencyReview(
        id=granted.ident,
        staff=granted.staff,
        unit=emergency.unit,
        opened_at=granted.opened_at,
        ends_at=granted.ends_at,
        review_due_at=emergency.review_due_at,
        followed_up=emergency.followed_up,
        reason=reviewed.reason,
    )


def _addressing(asked: Asked, patient: str) -> Asked:
    if is_ours(patient):
        asked.addressed.add(PatientId(patient))
    return asked


def _answer(opened: Opened, response: Response) -> EmergencyAnswer:
    response.headers.update({"x-decision-id": opened.decision, "cache-control": "no-store"})
    emergency = opened.emergency
    return EmergencyAnswer(id=emergency.grant.ident, ends_at=emergency.grant.ends_at, review_due_at=emergency.review_due_at)
