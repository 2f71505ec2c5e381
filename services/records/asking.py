"""Finds out who asks, before any route of `records` does its work."""

from typing import Annotated

from fastapi import Depends, Header, Request

from services.records.fhir.definitions import RESOURCE_TYPES
from services.records.model import WHOLE_CHART, Asked
from services.records.resources import RecordsResources
from services.records.unanswerable import Addressed, note_incomplete
from shared.clock import utc_now
from shared.identity import PurposeNotHeldError, TokenIncompleteError, bearer, purpose_of
from shared.vocabulary import Action

_ACTIONS = {"POST": Action.CREATE, "PUT": Action.UPDATE, "PATCH": Action.UPDATE, "DELETE": Action.DELETE}
_BESIDE = {"emergency": Action.BREAK_GLASS, "emergencies": Action.REVIEW}


def resources_of(request: Request) -> RecordsResources:
    return request.app.state.resources  # type: ignore[no-any-return]


Has = Annotated[RecordsResources, Depends(resources_of)]


async def asking(request: Request, has: Has, x_purpose_of_use: Annotated[str | None, Header()] = None) -> Asked:
    """Actor, purpose and time; a genuine token that does not say enough is refused and noted."""
    now = utc_now()
    token = bearer(request.headers.get("authorization"))
    try:
        actor = await has.identities.verify(token)
        return Asked(actor, purpose_of(actor, x_purpose_of_use), now)
    except (TokenIncompleteError, PurposeNotHeldError) as error:
        await note_incomplete(error, _addressed(request), now=now, desk=has.desk)
        raise


def _addressed(request: Request) -> Addressed:
    """Of the address alone: no body is read for somebody who cannot be told apart yet."""
    path = request.url.path
    if not path.startswith("/fhir"):
        _, room, ident, what, *_rest = [*path.split("/"), "", "", ""]
        action = _BESIDE.get(what, Action.ERASE)
        return Addressed(action, WHOLE_CHART, patient=ident if room == "charts" else "")
    type_, ident, *_rest = [*path.removeprefix("/fhir").strip("/").split("/"), ""]
    known = type_ if type_ in RESOURCE_TYPES else "unknown" if type_ else "Bundle"
    patient = request.query_params.get("patient", "").removeprefix("Patient/")
    return Addressed(_ACTIONS.get(request.method, Action.SEARCH), known, ident, patient)


Asking = Annotated[Asked, Depends(asking)]
