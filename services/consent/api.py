"""The door of patients' words: said, taken back, listed; each answer comes when it is true everywhere."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from services.consent.asking import Asking, Has
from services.consent.read_consents import list_consents
from services.consent.refusals import WrongWordsError
from services.consent.schemas import EvidenceAnswer, Ident, Statement, StatementAnswer
from services.consent.speak import Said, give, withdraw
from services.consent.words import plain_words
from shared.bodies import UnfitBodyError, read_as
from shared.etags import version_of
from shared.http import professions
from shared.vocabulary import Action, PatientId, Profession

router = APIRouter()
SPEAKERS = professions(Profession.PATIENT, Profession.PRIVACY_OFFICER)
_LARGEST = 64 * 1024
Key = Annotated[str | None, Header(alias="idempotency-key", max_length=200)]


@router.post("/consents", status_code=201, openapi_extra=SPEAKERS)
async def say(request: Request, response: Response, asked: Asking, has: Has, idempotency_key: Key = None) -> StatementAnswer:
    """The body is a Statement; the answer comes when every replica of every site has applied it."""
    try:
        statement = await read_as(Statement, request, _LARGEST)
    except UnfitBodyError as error:
        raise await has.desk.refuse(WrongWordsError(error.fields), asked, Action.CREATE, patient=asked.actor.patient) from None
    said = await give(asked, PatientId(statement.patient), statement.kind, statement.all_words(), key=idempotency_key, desk=has.desk)
    return _answer(said, response)


@router.post("/consents/{ident}/withdrawal", openapi_extra=SPEAKERS)
async def take_back(
    ident: str,
    response: Response,
    asked: Asking,
    has: Has,
    idempotency_key: Key = None,
    if_match: Annotated[str | None, Header()] = None,
) -> StatementAnswer:
    said = await withdraw(asked, ident[:64], if_match=version_of(if_match), key=idempotency_key, desk=has.desk)
    return _answer(said, response)


@router.get("/consents", openapi_extra=SPEAKERS)
async def history(patient: Ident, asked: Asking, has: Has) -> list[StatementAnswer]:
    """Everything the patient ever said, oldest first, with when each last change came into force."""
    found = await list_consents(asked, PatientId(patient), desk=has.desk)
    changes = [await has.desk.store.newest_change(one.ident) for one in found]
    return [_answer(Said(one, change), None) for one, change in zip(found, changes, strict=True) if change is not None]


def _answer(said: Said, response: Response | None) -> StatementAnswer:
    consent, change = said.consent, said.change
    if response is not None:
        response.headers["etag"] = f'W/"{consent.version}"'
        response.headers["cache-control"] = "no-store"
    evidence = None if change.evidence is None else EvidenceAnswer.model_validate(change.evidence, from_attributes=True)
    return StatementAnswer(
        id=consent.ident,
        patient=consent.patient,
        kind=consent.kind,
        state=consent.state,
        version=consent.version,
        given_at=consent.given_at,
        ended_at=consent.ended_at,
        in_force_at=change.in_force_at,
        evidence=evidence,
        words=plain_words(consent.words),
    )
