"""The door of erasures, beside FHIR: one officer proposes, another confirms."""

from fastapi import APIRouter, Request, Response

from services.records.asking import Asking, Has
from services.records.erasing.erase_chart import WrongGroundsError, confirm_erasure, propose_erasure
from services.records.erasing.erasures import Erasure
from services.records.erasing.list_erasures import list_erasures
from services.records.model import WHOLE_CHART
from services.records.noting_failures import noting_failures
from services.records.schemas import ErasureAnswer, ErasureProposal, ErasuresAnswer, WaitingErasure
from shared.bodies import UnfitBodyError, read_as
from shared.http import professions
from shared.vocabulary import Action, PatientId, Profession, is_ours

charts = APIRouter()
_LARGEST_BODY = 8192
ERASERS = professions(Profession.PRIVACY_OFFICER)


@charts.post("/charts/{patient}/erasures", status_code=201, openapi_extra=ERASERS)
async def propose(patient: str, request: Request, asked: Asking, has: Has) -> ErasureAnswer:
    """The first of two officers; the body is `{"grounds": "retention-ended" | "person-asked" | "unlawful"}`."""
    async with noting_failures(asked, Action.ERASE, WHOLE_CHART, resource=None, desk=has.desk):
        if is_ours(patient):
            asked.addressed.add(PatientId(patient))
        try:
            proposal = await read_as(ErasureProposal, request, _LARGEST_BODY)
        except UnfitBodyError:
            raise WrongGroundsError from None
        return _answer(await propose_erasure(asked, patient, proposal.grounds, eraser=has.eraser, desk=has.desk))


@charts.get("/erasures", openapi_extra=ERASERS)
async def waiting(asked: Asking, has: Has, response: Response) -> ErasuresAnswer:
    """Those that wait for their second officer, the oldest first; a hundred at most."""
    found, note = await list_erasures(asked, eraser=has.eraser, desk=has.desk)
    response.headers.update({"cache-control": "no-store", "x-decision-id": note})
    own = asked.actor.ident
    return ErasuresAnswer(
        erasures=[
            WaitingErasure(id=one.ident, patient=one.patient, grounds=one.grounds, proposed_at=one.proposed_at, own=one.proposed_by == own)
            for one in found
        ]
    )


@charts.post("/erasures/{ident}/confirmation", openapi_extra=ERASERS)
async def confirm(ident: str, asked: Asking, has: Has) -> ErasureAnswer:
    """The second officer; the chart's keys are destroyed when this is answered."""
    return _answer(await confirm_erasure(asked, ident, eraser=has.eraser, desk=has.desk))


def _answer(erasure: Erasure) -> ErasureAnswer:
    return ErasureAnswer(id=erasure.ident, state=erasure.state, proposed_at=erasure.proposed_at, destroyed_at=erasure.destroyed_at)
