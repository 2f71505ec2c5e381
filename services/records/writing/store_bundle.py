"""Stores a transaction Bundle: all of its entries, or nothing."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from services.records.desk import Desk
from services.records.fhir.issues import InvalidResourceError, Issue
from services.records.fhir.parsing import dump_json, parse_json
from services.records.model import Asked
from services.records.noting_failures import noting_failures
from services.records.refusals import NotFoundError
from services.records.writing.planned import ClientIdError, IdMismatchError, Planned, SeveralPatientsError, Written
from services.records.writing.resolve_references import Resolution, conditional_targets, resolve
from services.records.writing.store_record import LARGEST_RESOURCE, check, owner_of, patients_addressed, site_identifiers
from services.records.writing.write_records import write_records
from shared.errors import AnticipatedError, Sentence
from shared.etags import version_of
from shared.vocabulary import SITE_OWNER, Action, PatientId, is_ours

LARGEST_BUNDLE = 50 << 20
MOST_ENTRIES = 10_000
_YIELD_EVERY = 100


class NotATransactionError(AnticipatedError):
    """Only Bundles of type transaction are taken here."""

    slug: ClassVar[str] = "not-a-transaction"
    status: ClassVar[int] = 422
    fhir_code: ClassVar[str] = "not-supported"
    sentence: ClassVar[Sentence] = Sentence(
        "Send a Bundle of type `transaction` with POST, PUT and DELETE entries.",
        "Envoyez un Bundle de type `transaction` avec des entrées POST, PUT et DELETE.",
    )


class SeveralMatchesError(AnticipatedError):
    """A condition or a reference by search matches more than one resource."""

    slug: ClassVar[str] = "several-matches"
    status: ClassVar[int] = 412
    fhir_code: ClassVar[str] = "multiple-matches"
    sentence: ClassVar[Sentence] = Sentence(
        "A condition matches more than one resource.", "Une condition correspond à plusieurs ressources."
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the Bundle, understood: what to do, to which address, and whether it is there already."""

    method: str
    type: str
    ident: str
    full_url: str | None
    if_match: int | None
    found: str | None = None
    resource: dict[str, Any] | None = field(repr=False, default=None)


async def store_bundle(asked: Asked, raw: bytes, *, desk: Desk) -> tuple[list[Entry], dict[str, Written]]:
    """The entries in order, and what was written by address. Raises what is wrong with the first wrong entry, or the refusal."""
    async with noting_failures(asked, Action.CREATE, "Bundle", resource=None, desk=desk):
        bundle = await asyncio.to_thread(parse_json, raw, limit=LARGEST_BUNDLE)
        try:
            entries = await _entries(bundle, desk)
            plans = await _plans(asked, entries, desk)
        except AnticipatedError:
            asked.addressed.update(await _addressed(bundle, desk))
            raise
        written = await write_records(asked, plans, desk=desk) if plans else []
        return entries, {one.planned.address: one for one in written}


async def _addressed(bundle: Mapping[str, Any], desk: Desk) -> set[PatientId]:
    """Patients whom a broken Bundle names, or whose resources it would change."""
    rows = bundle.get("entry")
    entries = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    named = {patient for row in entries if isinstance(row.get("resource"), dict) for patient in patients_addressed(row["resource"])}
    urls = [request.get("url") for row in entries if isinstance(request := row.get("request"), dict)]
    addresses = {url for url in urls if isinstance(url, str) and is_ours(url.partition("/")[2])}
    found = await desk.store.find_many(sorted(addresses)[:MOST_ENTRIES]) if addresses else {}
    return named | {record.patient for record in found.values() if record.patient is not None}


async def _entries(bundle: Mapping[str, Any], desk: Desk) -> list[Entry]:
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "transaction" or not isinstance(bundle.get("entry", []), list):
        raise NotATransactionError
    rows = bundle.get("entry", [])
    if len(rows) > MOST_ENTRIES:
        raise NotATransactionError
    entries = []
    for place, row in enumerate(rows):
        entries.append(_entry(row, place))
        if place % _YIELD_EVERY == 0:
            await asyncio.sleep(0)
    return await _with_conditions(entries, rows, desk)


def _entry(row: object, place: int) -> Entry:
    request = row.get("request") if isinstance(row, dict) else None
    if not isinstance(row, dict) or not isinstance(request, dict) or not isinstance(request.get("url"), str):
        raise InvalidResourceError([Issue("error", "required", f"Bundle.entry[{place}].request", "missing")])
    method, (type_, _, ident) = str(request.get("method")), request["url"].partition("/")
    resource = row.get("resource")
    if method == "DELETE":
        return Entry("DELETE", type_, _known(ident), None, version_of(request.get("ifMatch")))
    if method not in {"POST", "PUT"} or (method == "POST" and ident):
        raise NotATransactionError
    if not isinstance(resource, dict):
        raise InvalidResourceError([Issue("error", "required", f"Bundle.entry[{place}].resource", "missing")])
    _check_entry(resource, type_, place)
    full_url = row.get("fullUrl") if isinstance(row.get("fullUrl"), str) else None
    if method == "PUT" and resource.get("id") != ident:
        raise IdMismatchError
    return Entry(
        method,
        type_,
        str(uuid.uuid4()) if method == "POST" else _known(ident),
        full_url,
        version_of(request.get("ifMatch")),
        resource=resource,
    )


def _known(ident: str) -> str:
    if not is_ours(ident):
        raise ClientIdError
    return ident


def _check_entry(resource: dict[str, Any], type_: str, place: int) -> None:
    try:
        check(resource, type_)
    except InvalidResourceError as error:
        raise InvalidResourceError(
            [
                Issue(one.severity, one.code, f"Bundle.entry[{place}].resource{_path(one.expression)}", one.diagnostics_key)
                for one in error.found
            ]
        ) from None


def _path(expression: str | None) -> str:
    """What follows the type in a FHIRPath."""
    return f".{expression.partition('.')[2]}" if expression and "." in expression else ""


async def _with_conditions(entries: Sequence[Entry], rows: Sequence[Mapping[str, Any]], desk: Desk) -> list[Entry]:
    """A conditional create whose condition already matches one resource stands for that one (FHIR R4, conditional create)."""
    asked = {place: conditional_targets(entry.type, rows[place]["request"].get("ifNoneExist")) for place, entry in enumerate(entries)}
    wanted = {target for target in asked.values() if target is not None}
    found = await desk.identifiers.find(sorted(wanted)) if wanted else {}
    result = []
    for place, entry in enumerate(entries):
        target = asked[place]
        matches = found.get(target, []) if target else []
        if len(matches) > 1:
            raise SeveralMatchesError
        one = matches[0] if matches else None
        result.append(Entry(entry.method, entry.type, entry.ident, entry.full_url, entry.if_match, one, entry.resource) if one else entry)
    return result


async def _plans(asked: Asked, entries: Sequence[Entry], desk: Desk) -> list[Planned]:
    """References are resolved before owners are known, because the patient may be in the Bundle itself."""
    resolution = await resolve([entry for entry in entries if entry.resource is not None], desk)
    existing = await desk.store.find_many([f"{entry.type}/{entry.ident}" for entry in entries if entry.method != "POST"])
    plans = [_plan(entry, existing.get(f"{entry.type}/{entry.ident}"), resolution) for entry in entries if entry.found is None]
    addresses = [plan.address for plan in plans]
    if len(set(addresses)) != len(addresses):
        raise NotATransactionError
    asked.addressed.update(plan.patient for plan in plans if plan.patient is not None and not plan.registers)
    return plans


def _plan(entry: Entry, existing: Any, resolution: Resolution) -> Planned:
    if entry.method != "POST" and existing is None:
        raise NotFoundError if entry.method == "DELETE" else ClientIdError
    if entry.resource is None:
        return Planned(Action.DELETE, entry.type, entry.ident, existing.owner, None, existing, entry.if_match)
    if len(dump_json(entry.resource)) > LARGEST_RESOURCE:
        raise InvalidResourceError([Issue("error", "too-long", entry.type, "too-big")])
    resource = resolution.rewritten(entry.resource)
    owner = owner_of(resource, entry.ident)
    if existing is not None and existing.owner != owner:
        raise SeveralPatientsError
    action = Action.CREATE if entry.method == "POST" else Action.UPDATE
    identifiers = site_identifiers(resource, entry.ident) if owner == SITE_OWNER else ()
    return Planned(action, entry.type, entry.ident, owner, resource, existing, entry.if_match, identifiers)
