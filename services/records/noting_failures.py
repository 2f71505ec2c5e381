"""Notes every request that came to nothing, for each patient it addressed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.records.desk import Desk
from services.records.fhir.definitions import RESOURCE_TYPES
from services.records.model import WHOLE_CHART, Ask, Asked
from services.records.noting import access_facts
from services.records.unanswerable import noted_outcome
from shared.errors import AnticipatedError
from shared.vocabulary import Action

_MOST_PATIENTS = 100


@asynccontextmanager
async def noting_failures(asked: Asked, action: Action, type_: str, *, resource: str | None, desk: Desk) -> AsyncIterator[None]:
    """One note per patient addressed who has a chart here, and one for the request when that is none or several; 5xx are not answers."""
    try:
        yield
    except AnticipatedError as error:
        if not error.noted and error.status < 500:  # noqa: PLR2004
            known = type_ if type_ in RESOURCE_TYPES or type_ == WHOLE_CHART else "unknown"  # a caller's own word may be a name
            await _note(error, asked, Ask(asked.actor, asked.purpose, action, known), resource, desk)
            error.noted = True
        raise


async def _note(error: AnticipatedError, asked: Asked, ask: Ask, resource: str | None, desk: Desk) -> None:
    known = [patient for patient in sorted(asked.addressed)[:_MOST_PATIENTS] if await desk.headers.find_row(patient) is not None]
    for patient in known if len(known) == 1 else [*known, None]:
        about = Ask(ask.actor, ask.purpose, ask.action, ask.type, patient)
        told = access_facts(about, outcome=noted_outcome(error), status=error.status, reason=error.slug, resource=resource)
        await desk.note(told, now=asked.now)
