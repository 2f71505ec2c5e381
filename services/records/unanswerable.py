"""Notes the refusals that come before any decision, where somebody known addressed a patient."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.records.desk import Desk
from services.records.fhir.definitions import RESOURCE_TYPES
from services.records.noting import ACCESS
from shared.errors import AnticipatedError
from shared.identity import PurposeNotHeldError, TokenIncompleteError
from shared.notes import actor_facts
from shared.vocabulary import Action, Outcome, PatientId, is_ours


@dataclass(frozen=True, slots=True)
class Addressed:
    """What a request's own address says; `ident` and `patient` may be anything that a caller wrote there."""

    action: Action
    type: str
    ident: str = ""
    patient: str = ""


async def note_incomplete(error: TokenIncompleteError | PurposeNotHeldError, about: Addressed, *, now: datetime, desk: Desk) -> None:
    """A genuine token that does not say enough; the owner is looked up so that the note stands in the right chart."""
    address = f"{about.type}/{about.ident}" if about.type in RESOURCE_TYPES and is_ours(about.ident) else None
    facts: dict[str, Any] = {
        "actor": actor_facts(error.actor) if isinstance(error, PurposeNotHeldError) else {"id": error.subject},
        "action": about.action,
        "resourceType": about.type,
        "resource": address,
        "patient": await _owner(address, about.patient, desk),
        "outcome": Outcome.REFUSED,
        "status": error.status,
        "reason": error.slug,
    }
    record_ = desk.notes.draw(ACCESS, facts, now=now)
    await desk.notes.keep(record_)


async def _owner(address: str | None, patient: str, desk: Desk) -> PatientId | None:
    """Of the resource, or else the patient named beside it; only one who has a chart here."""
    if address is not None:
        record = await desk.store.find(address)
        return None if record is None else record.patient
    if is_ours(patient) and await desk.headers.find_row(patient) is not None:
        return PatientId(patient)
    return None


def noted_outcome(error: AnticipatedError) -> Outcome:
    return {404: Outcome.NOT_FOUND, 410: Outcome.GONE, 409: Outcome.CONFLICT, 412: Outcome.CONFLICT, 403: Outcome.REFUSED}.get(
        error.status, Outcome.INVALID
    )
