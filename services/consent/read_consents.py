"""Reads back what a patient said: one, all, and how it came about; every answer is noted."""

from collections.abc import Sequence

from services.consent.desk import Asked, Desk
from services.consent.model import Consent
from services.consent.refusals import NotYoursToSayError, UnknownConsentError
from services.consent.roles import may_read
from shared.vocabulary import Action, Outcome, PatientId


async def list_consents(asked: Asked, patient: PatientId, *, desk: Desk) -> Sequence[Consent]:
    """Oldest first, withdrawn ones included. Raises NotYoursToSayError (noted) or KeysUnavailableError."""
    if not may_read(asked.actor, asked.purpose, patient):
        raise await desk.refuse(NotYoursToSayError(), asked, Action.SEARCH, patient=patient)
    keys = await desk.sealer.keys_of(patient)
    found = [] if keys is None else await desk.store.of_patient(patient, keys)
    await desk.note(asked, Action.SEARCH, patient=patient, outcome=Outcome.ANSWERED, status=200, count=len(found))
    return found


async def read_consent(asked: Asked, ident: str, *, desk: Desk) -> Consent:
    """Raises UnknownConsentError or NotYoursToSayError (both noted), or KeysUnavailableError."""
    found = await desk.store.find(ident)
    keys = None if found is None else await desk.sealer.keys_of(found.patient)
    if found is None or keys is None:
        raise await desk.refuse(UnknownConsentError(), asked, Action.READ, patient=None)
    patient = found.patient
    if not may_read(asked.actor, asked.purpose, patient):
        error = UnknownConsentError() if asked.actor.patient else NotYoursToSayError()
        raise await desk.refuse(error, asked, Action.READ, patient=patient)
    consent = desk.store.open(found, keys)
    told = {"resource": f"Consent/{ident}", "version": consent.version}
    await desk.note(asked, Action.READ, patient=patient, outcome=Outcome.ANSWERED, status=200, **told)
    return consent
