"""Creates, updates or deletes one resource."""

import asyncio
import re
import uuid
from typing import Any

from services.records.desk import Desk
from services.records.fhir.definitions import PATIENT_PATHS, RESOURCE_TYPES
from services.records.fhir.issues import InvalidResourceError
from services.records.fhir.parsing import parse_json
from services.records.fhir.references import patients_of, walk_references
from services.records.fhir.validation import validate
from services.records.knowing.identifiers import identifiers_of
from services.records.model import Asked, SealedRecord
from services.records.noting_failures import noting_failures
from services.records.refusals import NotFoundError
from services.records.writing.planned import (
    HELD_ELSEWHERE,
    ClientIdError,
    ElsewhereError,
    IdMismatchError,
    NoPatientError,
    Planned,
    SeveralPatientsError,
    Written,
)
from services.records.writing.write_records import write_records
from shared.vocabulary import SITE_OWNER, Action, PatientId, is_ours

LARGEST_RESOURCE = 2 << 20
PARSED_ASIDE = 256 << 10
MAY_STAND_ALONE = frozenset({"Group", "Person", "Provenance", "Schedule", "List", "Basic", "ResearchSubject"})
"""Types of the patient compartment that may be about no patient at all."""
_LITERAL = re.compile(r"Patient/([A-Za-z0-9.\-]{1,64})(?:/_history/.+)?").fullmatch


async def create_record(asked: Asked, type_: str, raw: bytes, *, desk: Desk) -> Written:
    """The client's own id, version and time are ignored (FHIR R4, create). Raises what is wrong with the body, or the refusal."""
    async with noting_failures(asked, Action.CREATE, type_, resource=None, desk=desk):
        require_type(type_)
        resource = await _sound(asked, raw, type_)
        ident = str(uuid.uuid4())
        plan = Planned(Action.CREATE, type_, ident, owner_of(resource, ident), resource, identifiers=site_identifiers(resource, ident))
        return (await write_records(asked, [plan], desk=desk))[0]


async def update_record(asked: Asked, type_: str, ident: str, raw: bytes, *, if_match: int | None, desk: Desk) -> Written:
    """A new version of what is there, or was there before it was deleted. Raises ClientIdError for an id this server never gave."""
    address = f"{type_}/{ident}" if type_ in RESOURCE_TYPES and is_ours(ident) else None
    async with noting_failures(asked, Action.UPDATE, type_, resource=address, desk=desk):
        existing = await _existing(asked, address, desk)
        require_type(type_)
        resource = await _sound(asked, raw, type_)
        if existing is None:
            raise ClientIdError
        if resource.get("id") != ident:
            raise IdMismatchError
        if owner_of(resource, ident) != existing.owner:
            raise SeveralPatientsError
        plan = Planned(Action.UPDATE, type_, ident, existing.owner, resource, existing, if_match, site_identifiers(resource, ident))
        return (await write_records(asked, [plan], desk=desk))[0]


async def delete_record(asked: Asked, type_: str, ident: str, *, if_match: int | None, desk: Desk) -> Written:
    """Idempotent: deleting again writes another tombstone version. Raises NotFoundError for what was never there."""
    address = f"{type_}/{ident}" if type_ in RESOURCE_TYPES and is_ours(ident) else None
    async with noting_failures(asked, Action.DELETE, type_, resource=address, desk=desk):
        existing = await _existing(asked, address, desk)
        if existing is None:
            raise NotFoundError
        plan = Planned(Action.DELETE, type_, ident, existing.owner, None, existing, if_match)
        return (await write_records(asked, [plan], desk=desk))[0]


async def _existing(asked: Asked, address: str | None, desk: Desk) -> SealedRecord | None:
    existing = await desk.store.find(address) if address else None
    if existing is not None and existing.patient is not None:
        asked.addressed.add(existing.patient)
    return existing


async def _sound(asked: Asked, raw: bytes, type_: str) -> dict[str, Any]:
    """A large body is parsed beside the loop, so that reads go on meanwhile."""
    large = len(raw) > PARSED_ASIDE
    resource = await asyncio.to_thread(parse_json, raw, limit=LARGEST_RESOURCE) if large else parse_json(raw, limit=LARGEST_RESOURCE)
    asked.addressed.update(patients_addressed(resource))
    check(resource, type_)
    return resource


def patients_addressed(resource: dict[str, Any]) -> set[PatientId]:
    """Patients named by a body that may be broken; ids that are not this server's are left out."""
    try:
        return {PatientId(patient) for patient in patients_of(resource) if is_ours(patient)}
    except (TypeError, AttributeError, KeyError, ValueError):
        return set()


def require_type(type_: str) -> None:
    """Raises NotFoundError for what is no type, ElsewhereError for what another service holds."""
    if type_ not in RESOURCE_TYPES:
        raise NotFoundError
    if type_ in HELD_ELSEWHERE:
        raise ElsewhereError


def check(resource: dict[str, Any], type_: str | None) -> None:
    """Raises InvalidResourceError or ElsewhereError."""
    issues = validate(resource, expected_type=type_)
    if issues:
        raise InvalidResourceError(issues)
    if resource["resourceType"] in HELD_ELSEWHERE:
        raise ElsewhereError


def owner_of(resource: dict[str, Any], ident: str) -> str:
    """The one patient whom the resource is about, or the site. Raises SeveralPatientsError or NoPatientError.

    What belongs in a patient's compartment by its type may not slip out of it by naming its patient in a way that cannot be followed.
    """
    type_ = resource["resourceType"]
    in_compartment = type_ in PATIENT_PATHS
    patients = {ident} if type_ == "Patient" else patients_of(resource) if in_compartment else _patients_anywhere(resource)
    if len(patients) > 1:
        raise SeveralPatientsError
    if not patients and in_compartment and type_ not in MAY_STAND_ALONE:
        raise NoPatientError
    return next(iter(patients), SITE_OWNER)


def _patients_anywhere(resource: dict[str, Any]) -> set[str]:
    """Types outside the compartment definition, such as Device or Binary, may name a patient too, and then they are the patient's."""
    return {match[1] for match in (_LITERAL(text) for _holder, _key, text in walk_references(resource)) if match}


def site_identifiers(resource: dict[str, Any], ident: str) -> tuple[tuple[str, str, str], ...]:
    """Exact identifiers are indexed only for what belongs to no patient."""
    return tuple(identifiers_of(resource)) if owner_of(resource, ident) == SITE_OWNER else ()
