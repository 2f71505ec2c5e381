"""The FHIR door of `consent`: Consent read back, and where the other types are."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response

from services.consent.asking import Asking, Has
from services.consent.fhir_form import fhir_consent
from services.consent.read_consents import list_consents, read_consent
from services.consent.refusals import HeldElsewhereError
from services.consent.schemas import Ident
from shared.http import FHIR_JSON, professions
from shared.vocabulary import PatientId, Profession

fhir = APIRouter(prefix="/fhir")
READERS = professions(Profession.PATIENT, Profession.PRIVACY_OFFICER)
SIGNED_IN = professions(*Profession)


@fhir.get("/Consent/{ident}", openapi_extra=READERS)
async def read(ident: str, asked: Asking, has: Has) -> Response:
    found = await read_consent(asked, ident[:64], desk=has.desk)
    return _answer(fhir_consent(found), etag=found.version)


@fhir.get("/Consent", openapi_extra=READERS)
async def search(request: Request, patient: Annotated[Ident, Query()], asked: Asking, has: Has) -> Response:
    found = await list_consents(asked, PatientId(patient), desk=has.desk)
    base = f"{request.url.scheme}://{request.url.netloc}/fhir"
    entries = [{"fullUrl": f"{base}/Consent/{one.ident}", "resource": fhir_consent(one), "search": {"mode": "match"}} for one in found]
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(entries)}
    return _answer(bundle | ({"entry": entries} if entries else {}))


@fhir.get("/{rest:path}", include_in_schema=False, openapi_extra=SIGNED_IN)
async def other(rest: str, asked: Asking, has: Has) -> Response:  # noqa: ARG001 - who asks is verified first
    """Every other type is a site's own."""
    raise HeldElsewhereError(has.settings.fhir_bases)


def _answer(body: object, *, etag: int | None = None) -> Response:
    headers = {"cache-control": "no-store"} | ({"etag": f'W/"{etag}"'} if etag else {})
    return Response(orjson.dumps(body), headers=headers, media_type=FHIR_JSON)
