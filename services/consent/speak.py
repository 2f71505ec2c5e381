"""What a patient says: permitting, objecting, and taking either back."""

import hashlib
import uuid
from dataclasses import dataclass, replace
from typing import Any

import orjson

from services.consent.change_directive import Intent, change_directive
from services.consent.desk import Asked, Desk
from services.consent.model import Change, Consent, ConsentState, Kind, Words
from services.consent.noting import statement_facts
from services.consent.refusals import ChangedMeanwhileError, NotYoursToSayError, UnknownConsentError
from services.consent.roles import may_speak
from services.consent.words import plain_words
from shared.keyring import OwnersKeys
from shared.vocabulary import Action, PatientId


@dataclass(frozen=True, slots=True)
class Said:
    """A statement as it now stands, and the change that is in force."""

    consent: Consent
    change: Change


async def give(asked: Asked, patient: PatientId, kind: Kind, words: Words, *, key: str | None, desk: Desk) -> Said:
    """A new consent or objection. Raises NotYoursToSayError, KeyReusedError (both noted), KeysUnavailableError, StoreUnreachableError."""
    await _require_speaker(asked, patient, Action.CREATE, desk)
    digest = _digest("give", patient, kind, orjson.dumps(plain_words(words)).decode())
    ident = _drawn("change", asked, key, digest)
    consent = Consent(_drawn("consent", asked, key, ident), patient, kind, words, 1, ConsentState.ACTIVE, asked.now, asked.actor.ident)
    keys = await desk.sealer.make_keys(patient)

    async def apply(session: Any) -> None:
        await desk.store.insert(consent, keys, session=session)

    intent = Intent(ident, digest, patient, consent.ident, Action.CREATE, statement_facts(consent), apply, key is not None)
    change = await change_directive(asked, intent, keys, desk=desk)
    return Said(await _stored(consent, keys, desk) if intent.repeatable else consent, change)


async def withdraw(asked: Asked, ident: str, *, if_match: int | None, key: str | None, desk: Desk) -> Said:
    """Takes a consent or objection back; what is taken back already stays so, and the same answer is given.

    Raises UnknownConsentError, NotYoursToSayError or ChangedMeanwhileError (all noted), KeysUnavailableError, StoreUnreachableError.
    """
    consent, keys = await _speakers_consent(asked, ident, desk)
    digest = _digest("withdraw", ident)
    drawn = _drawn("change", asked, key, digest)
    repeated = key is not None and await desk.store.find_change(drawn) is not None
    if if_match is not None and if_match != consent.version and not repeated:
        raise await desk.refuse(ChangedMeanwhileError(), asked, Action.UPDATE, patient=consent.patient)
    ended = replace(consent, version=2, state=ConsentState.INACTIVE, ended_at=asked.now, ended_by=asked.actor.ident)
    known = None if consent.state is ConsentState.ACTIVE or repeated else await desk.store.newest_change(ident)

    async def apply(session: Any) -> None:
        if not await desk.store.replace(ended, keys, session=session):
            raise ChangedMeanwhileError

    once, digest = (drawn, digest) if known is None else (known.ident, known.digest)
    repeatable = key is not None or known is not None
    intent = Intent(once, digest, consent.patient, ident, Action.UPDATE, statement_facts(ended), apply, repeatable)
    change = await change_directive(asked, intent, keys, desk=desk)
    return Said(await _stored(ended, keys, desk) if repeatable else ended, change)


async def _require_speaker(asked: Asked, patient: PatientId, action: Action, desk: Desk) -> None:
    if not may_speak(asked.actor, asked.purpose, patient):
        raise await desk.refuse(NotYoursToSayError(), asked, action, patient=patient)


async def _speakers_consent(asked: Asked, ident: str, desk: Desk) -> tuple[Consent, OwnersKeys]:
    """Another patient's looks like none at all."""
    found = await desk.store.find(ident)
    keys = None if found is None else await desk.sealer.keys_of(found.patient)
    if found is None or keys is None:
        raise await desk.refuse(UnknownConsentError(), asked, Action.UPDATE, patient=None)
    if not may_speak(asked.actor, asked.purpose, found.patient):
        error = UnknownConsentError() if asked.actor.patient else NotYoursToSayError()
        raise await desk.refuse(error, asked, Action.UPDATE, patient=found.patient)
    return desk.store.open(found, keys), keys


async def _stored(consent: Consent, keys: OwnersKeys, desk: Desk) -> Consent:
    """As it was kept: a repeated request may have been made at another moment."""
    return next((one for one in await desk.store.of_patient(consent.patient, keys) if one.ident == consent.ident), consent)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _drawn(what: str, asked: Asked, key: str | None, digest: str) -> str:
    """With an idempotency key the same id for the same caller, each time; else a random one."""
    if key is None:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, digest)) if what == "consent" else str(uuid.uuid4())
    return str(uuid.UUID(bytes=hashlib.sha256(f"{what}\0{asked.actor.ident}\0{key}".encode()).digest()[:16], version=4))
