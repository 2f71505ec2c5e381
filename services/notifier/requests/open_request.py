"""Takes a patient's request, and tells the officers: one transaction with its note."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.notifier.desk import Desk
from services.notifier.measures import NOBODY
from services.notifier.messages.telling import mails_of_request
from services.notifier.model import Asked, Thing
from services.notifier.noting import access_facts, note_answered
from services.notifier.refusals import AskedAlreadyError, require
from services.notifier.requests.deadlines import due
from services.notifier.requests.model import PatientRequest, RequestKind, Said
from services.notifier.roles import Deed
from services.notifier.undertaking import Undertaking, undertake
from shared.mongo import DuplicateKeyError
from shared.vocabulary import Outcome

_NAMESPACE = uuid.UUID("6d2f9c3e-52f4-4c2b-9c1e-0f8f3f1d5a77")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the patient sends; with the same `key` it is the same request, however often it is sent."""

    kind: RequestKind
    words: str = field(repr=False)
    entries: Sequence[int] = ()
    key: str = ""


async def open_request(asked: Asked, wish: Wish, *, desk: Desk) -> tuple[PatientRequest, Said | None, str]:
    """As it stands then, and the id of the note.

    Raises NotYoursError, RecordErasedError, KeysSilentError, AskedAlreadyError or StoreUnreachableError.
    """
    patient, ident = asked.actor.patient, _ident(asked, wish)
    if patient is not None:
        asked.about.patients.add(patient)
    require(asked, Deed.ASK)
    [patient] = asked.about.patients
    asked.about.resource = f"{Thing.REQUEST}/{ident}"
    if (known := await desk.requests.find(ident)) is not None:
        before = await desk.request_sealer.open(known)
        if known.kind is not wish.kind or (before and (before.words, tuple(before.entries)) != (wish.words, tuple(wish.entries))):
            raise AskedAlreadyError
        return known, before, await note_answered(asked, (patient,), repeated=True, desk=desk)
    said, site = Said(wish.words, tuple(wish.entries)), asked.actor.site
    request = PatientRequest(
        ident=ident,
        patient=patient,
        kind=wish.kind,
        site=site,
        asked_at=asked.now,
        due_at=due(desk.request_rules[wish.kind], asked.now),
        sealed=await desk.request_sealer.seal(said, patient, site, ident, 1),
        watched_by=desk.contacts.watching(site),
    )
    try:
        note = await _keep(asked, request, desk)
    except AskedAlreadyError:  # the same form was sent twice at one moment
        return await open_request(asked, wish, desk=desk)
    return replace(request, note=note), said, note


async def _keep(asked: Asked, request: PatientRequest, desk: Desk) -> str:
    officers = desk.contacts.officers(request.watched_by)
    if not officers:
        NOBODY.inc()

    async def work(session: Any, note: str) -> None:
        try:
            await desk.requests.insert(replace(request, note=note), session=session)
        except DuplicateKeyError:
            raise AskedAlreadyError from None
        await desk.messages.add(mails_of_request(request, officers, portal=desk.portal), session=session)

    async def committed(note: str) -> bool:
        return await desk.requests.told_by(request.ident, note)

    facts = access_facts(asked, request.patient, outcome=Outcome.ANSWERED, status=201, step=request.kind)
    return await undertake(Undertaking(facts, work, committed), now=asked.now, desk=desk)


def _ident(asked: Asked, wish: Wish) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{asked.actor.patient}\0{wish.key}")) if wish.key else str(uuid.uuid4())
