"""Writes planned changes: decides each, seals them, and commits them with their notes and events in one transaction."""

import asyncio
import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.records.decision import Permit, Refusal
from services.records.desk import Desk
from services.records.fhir.parsing import dump_json
from services.records.fhir.references import security_labels
from services.records.knowing.patient_keys import keys_of_patient
from services.records.model import Ask, Asked, ChartHeader, SealedRecord
from services.records.noting import ACCESS, access_facts, failed
from services.records.record_store import Replacement, VersionConflictError
from services.records.refusals import GoneError
from services.records.sealer import KeyErasedError
from services.records.writing.care import header_after
from services.records.writing.planned import Planned, UnknownPatientError, Written
from shared.clock import rfc3339
from shared.events import EventRecord
from shared.events.records import ChartChanged
from shared.keyring import OwnersKeys
from shared.mongo import DuplicateKeyError, MongoError, StoreUnreachableError
from shared.vocabulary import SITE_OWNER, Action, Outcome, PatientId, Profession

_YIELD_EVERY = 100


@dataclass(frozen=True, slots=True)
class Sealed:
    """A change made ready: its new version, and the bytes the caller gets back."""

    planned: Planned
    record: SealedRecord
    body: bytes = field(repr=False)


async def write_records(asked: Asked, plans: Sequence[Planned], *, desk: Desk) -> list[Written]:
    """All or nothing. Each error but the last is noted for every patient addressed.

    Raises the refusal of the first change that is refused, VersionConflictError, UnknownPatientError, GoneError, or StoreUnreachableError.
    """
    asked.addressed.update(plan.patient for plan in plans if plan.patient is not None and not plan.registers)
    verdicts = await _decided(asked, plans, desk)
    keys = await _keys(plans, desk)
    sealed = await _sealed(asked, plans, keys, desk)
    facts = _facts(asked, sealed, verdicts)
    notes = [desk.notes.draw(ACCESS, each, now=asked.now) for each in facts]
    sealed = [replace(one, record=replace(one.record, note=_note_of(one, notes, facts))) for one in sealed]
    await _commit(asked, sealed, notes, facts, desk)
    return [Written(one.planned, one.record, one.body, one.record.note) for one in sealed]


async def _decided(asked: Asked, plans: Sequence[Planned], desk: Desk) -> dict[str, Permit]:
    """One verdict per owner: the last permit stands for the owner's note; the first refusal ends the request."""
    verdicts: dict[str, Permit] = {}
    decided: set[tuple[str, str, str]] = set()
    registered = {plan.owner for plan in plans if plan.registers}
    for plan in plans:
        if (plan.owner, plan.type, plan.action) in decided:
            continue
        decided.add((plan.owner, plan.type, plan.action))
        ask = Ask(asked.actor, asked.purpose, plan.action, plan.type, plan.patient)
        verdict, facts = await desk.decide(ask, now=asked.now)
        if isinstance(verdict, Refusal):
            if len(asked.addressed) > 1:
                raise desk.error_of(verdict)  # noted for every patient addressed by `noting_failures`
            raise await desk.refuse(verdict, now=asked.now, resource=None if plan.action == "create" else plan.address)
        if plan.patient is not None and facts.chart is None and plan.owner not in registered:
            raise UnknownPatientError
        verdicts[plan.owner] = verdict
    return verdicts


async def _keys(plans: Sequence[Planned], desk: Desk) -> dict[str, OwnersKeys]:
    try:
        return {owner: await desk.sealer.keys_of(owner, make=True) for owner in {plan.owner for plan in plans}}
    except KeyErasedError:
        raise GoneError from None


async def _sealed(asked: Asked, plans: Sequence[Planned], keys: Mapping[str, OwnersKeys], desk: Desk) -> list[Sealed]:
    """Gives way to other requests every hundred resources: a large Bundle must not hold up reads."""
    sealed = []
    for count, plan in enumerate(plans, 1):
        sealed.append(_seal(asked, plan, keys[plan.owner], desk))
        if count % _YIELD_EVERY == 0:
            await asyncio.sleep(0)
    return sealed


def _seal(asked: Asked, plan: Planned, keys: OwnersKeys, desk: Desk) -> Sealed:
    if plan.if_match is not None and (plan.existing is None or plan.existing.version != plan.if_match):
        raise VersionConflictError
    version = plan.existing.version + 1 if plan.existing else 1
    body, labels = b"", tuple[str, ...]()
    if plan.resource is not None:
        body, labels = dump_json(stamped(plan.resource, plan.ident, version, asked.now)), security_labels(plan.resource)
    place = desk.sealer.place(plan.owner, plan.type, plan.ident, version)
    bytes_ = desk.sealer.seal(keys, body, place, labels=labels)
    return Sealed(plan, SealedRecord(plan.type, plan.ident, plan.owner, version, asked.now, bytes_, plan.resource is None), body)


def stamped(resource: Mapping[str, Any], ident: str, version: int, now: datetime) -> dict[str, Any]:
    """The resource with the server's id, version and time; everything else as it was sent."""
    meta = dict(resource.get("meta", {})) | {"versionId": str(version), "lastUpdated": rfc3339(now)}
    front = {"resourceType": resource["resourceType"], "id": ident, "meta": meta}
    return front | {name: value for name, value in resource.items() if name not in front}


def _facts(asked: Asked, sealed: Sequence[Sealed], verdicts: Mapping[str, Permit]) -> list[dict[str, Any]]:
    """One note per patient, and one for the request when that is none or several.

    What belongs to no patient is told by the request's note, or by the only patient's.
    """
    patients = list(dict.fromkeys(one.planned.owner for one in sealed if one.planned.patient is not None))
    owners = patients if len(patients) == 1 else [*patients, SITE_OWNER]
    notes = []
    for owner in owners:
        told = [one for one in sealed if one.planned.owner in ({owner, SITE_OWNER} if len(owners) == 1 else {owner})]
        writes = [_write(one) for one in told]
        verdict = verdicts.get(owner) or next(iter(verdicts.values()))
        single = told[0].planned if len(told) == 1 else None
        ask = Ask(
            asked.actor,
            asked.purpose,
            told[0].planned.action if single else verdict.ask.action,
            single.type if single else "Bundle",
            _patient(owner),
        )
        more = {"resource": single.address, "version": told[0].record.version} if single else {"count": len(told)}
        notes.append(access_facts(ask, outcome=Outcome.ANSWERED, status=200, verdict=verdict, writes=writes, **more))
    return notes


def _patient(owner: str) -> PatientId | None:
    return None if owner == SITE_OWNER else PatientId(owner)


def _write(one: Sealed) -> list[Any]:
    """[type, id, version, SHA-256 of the sealed bytes in base64, action]: what `serment verify` compares with the store."""
    digest = base64.b64encode(hashlib.sha256(one.record.sealed).digest()).decode()
    return [one.record.type, one.record.ident, one.record.version, digest, str(one.planned.action)]


def _note_of(one: Sealed, notes: Sequence[EventRecord], facts: Sequence[Mapping[str, Any]]) -> str:
    """The note in which this change is told."""
    wanted = one.planned.patient if len(notes) > 1 else facts[0]["patient"]
    return next(note.ident for note, told in zip(notes, facts, strict=True) if told["patient"] == wanted)


async def _commit(
    asked: Asked, sealed: Sequence[Sealed], notes: Sequence[EventRecord], facts: Sequence[Mapping[str, Any]], desk: Desk
) -> None:
    """A conflict turns the notes into ones that say so, under the same numbers; an end that nobody told is read back later."""

    def instead(outcome: Outcome, status: int, reason: str) -> list[EventRecord]:
        told = [failed(each, outcome=outcome, status=status, reason=reason) for each in facts]
        return [desk.notes.redraw(note, each, now=asked.now) for note, each in zip(notes, told, strict=True)]

    try:
        await desk.mongo.transact(lambda session: _work(asked, sealed, notes, desk, session))
    except VersionConflictError as error:
        for note in instead(Outcome.CONFLICT, error.status, error.slug):
            await desk.notes.keep(note)
        error.noted = True
        raise
    except BaseException as error:
        otherwise = instead(Outcome.UNREADABLE, StoreUnreachableError.status, StoreUnreachableError.slug)
        first = sealed[0].record
        desk.notes.settle_later(list(zip(notes, otherwise, strict=True)), lambda: desk.store.written_by(first.note, first.address))
        if isinstance(error, MongoError):
            raise StoreUnreachableError from error
        raise
    _after_commit(sealed, notes, desk)


def _after_commit(sealed: Sequence[Sealed], notes: Sequence[EventRecord], desk: Desk) -> None:
    for note in notes:
        desk.notes.landed(note)
    for owner in {one.planned.owner for one in sealed}:
        desk.headers.forget(owner)
    desk.notes.outbox.filled.set()


async def _work(asked: Asked, sealed: Sequence[Sealed], notes: Sequence[EventRecord], desk: Desk, session: Any) -> None:
    """The transaction: headers, resources, indexes, notes and events; it may run more than once."""
    events, replacements = [], [Replacement(one.record, one.planned.existing) for one in sealed if one.planned.patient is None]
    for patient in dict.fromkeys(one.planned.patient for one in sealed if one.planned.patient is not None):
        mine = [one for one in sealed if one.planned.owner == patient]
        header = await _renew_header(patient, [one.planned for one in mine], asked.now, desk, session)
        first = header.written - len(mine)
        replacements += [Replacement(replace(one.record, ordinal=first + place), one.planned.existing) for place, one in enumerate(mine)]
        if asked.actor.profession is Profession.CLINICIAN and any(one.planned.action is not Action.DELETE for one in mine):
            await desk.grants.follow_up(asked.actor.ident, patient, now=asked.now, session=session)
        events.append(
            ChartChanged(patient=patient, site=desk.site, revision=header.revision).to_record(source=f"/records/{desk.site}", now=asked.now)
        )
    await desk.store.replace(replacements, session=session)
    for one in sealed:
        if one.planned.patient is None:
            await _index(one.planned, desk, session)
        elif one.planned.type == "Patient":
            await desk.patients.keep(one.planned.patient, keys_of_patient(one.planned.resource), session=session)
    await desk.notes.outbox.add([*notes, *events], now=asked.now, incarnation=desk.notes.incarnation, session=session)


async def _renew_header(patient: PatientId, changes: Sequence[Planned], now: datetime, desk: Desk, session: Any) -> ChartHeader:
    row = await desk.headers.find_row(patient, session=session)
    before = None if row is None else await desk.headers.opened(row)
    if before is not None and before.erased:
        raise VersionConflictError
    header = header_after(before, patient, changes, now=now)
    try:
        kept = await desk.headers.keep(header, before=None if before is None else before.revision, session=session)
    except DuplicateKeyError:
        kept = False
    if not kept:
        raise VersionConflictError
    return header


async def _index(plan: Planned, desk: Desk, session: Any) -> None:
    """Exact identifiers of what belongs to no patient, and the units of practitioners."""
    if plan.identifiers or plan.existing is not None:
        await desk.identifiers.keep(plan.address, plan.identifiers, session=session)
    if plan.type == "PractitionerRole":
        role = plan.resource or {}
        practitioner, unit = (role.get(name, {}).get("reference") for name in ("practitioner", "organization"))
        await desk.affiliations.keep(plan.ident, practitioner=practitioner, unit=unit, session=session)
