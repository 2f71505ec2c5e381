"""Reads requests: a patient their own, an officer those that their site answers; each reading noted for each patient named."""

import asyncio
from collections.abc import Sequence

from services.notifier.desk import Desk
from services.notifier.model import Asked, Thing
from services.notifier.noting import note_answered
from services.notifier.refusals import UnknownReferenceError, require
from services.notifier.requests.model import PatientRequest, RequestState, Said
from services.notifier.roles import Deed
from shared.vocabulary import Profession

Opened = tuple[PatientRequest, Said | None]


async def fetch_request(asked: Asked, ident: str, deed: Deed, *, desk: Desk) -> PatientRequest:
    """A patient finds their own only; whoever may not watch learns nothing by an id. Raises NotYoursError or UnknownReferenceError."""
    request = await desk.requests.find(ident)
    own = deed is Deed.WATCH and asked.actor.profession is Profession.PATIENT
    if request is not None and own and request.patient != asked.actor.patient:
        request = None
    if request is not None:
        asked.about.resource = f"{Thing.REQUEST}/{request.ident}"
        asked.about.patients.add(request.patient)
    require(asked, Deed.ASK if own else deed, watched_by=request.watched_by if request and not own else None)
    if request is None:
        raise UnknownReferenceError
    return request


async def read_request(asked: Asked, ident: str, *, desk: Desk) -> tuple[Opened, str]:
    """With the id of the note. Raises NotYoursError, UnknownReferenceError or KeysSilentError."""
    request = await fetch_request(asked, ident, Deed.WATCH, desk=desk)
    said = await desk.request_sealer.open(request)
    return (request, said), await note_answered(asked, (request.patient,), desk=desk)


async def list_own_requests(asked: Asked, *, desk: Desk) -> tuple[Sequence[Opened], str]:
    """The patient's own, the newest first, with what was said. Raises NotYoursError or KeysSilentError."""
    if asked.actor.patient is not None:
        asked.about.patients.add(asked.actor.patient)
    require(asked, Deed.ASK)
    [patient] = asked.about.patients
    requests = await desk.requests.of_patient(patient)
    said = await asyncio.gather(*map(desk.request_sealer.open, requests))
    return list(zip(requests, said, strict=True)), await note_answered(asked, (patient,), count=len(requests), desk=desk)


async def list_requests(asked: Asked, *, state: str | None, after: str | None, desk: Desk) -> tuple[Sequence[PatientRequest], str]:
    """The open ones unless another state is asked for, the first due first, without what was said. Raises NotYoursError."""
    require(asked, Deed.WATCH)
    wanted = RequestState.OPEN if state is None else RequestState(state) if state in set(RequestState) else None
    requests = [] if wanted is None else await desk.requests.page(asked.actor.site, state=wanted, after=after)
    return requests, await note_answered(asked, [request.patient for request in requests], count=len(requests), desk=desk)
