"""Who may speak for a patient, and who may read what was said: pure."""

from collections.abc import Mapping

from shared.identity import Actor
from shared.vocabulary import PatientId, Profession, Purpose

SPEAKERS: Mapping[Profession, Purpose] = {
    Profession.PATIENT: Purpose.PATIENT_REQUEST,
    Profession.PRIVACY_OFFICER: Purpose.RECORDS_MANAGEMENT,
}
"""The patient, or a privacy officer who keeps what the patient signed on paper."""

READERS: Mapping[Profession, frozenset[str]] = {
    Profession.PATIENT: frozenset({Purpose.PATIENT_REQUEST}),
    Profession.PRIVACY_OFFICER: frozenset({Purpose.RECORDS_MANAGEMENT, Purpose.COMPLIANCE}),
}


def may_speak(actor: Actor, purpose: str, patient: PatientId) -> bool:
    return SPEAKERS.get(actor.profession) == purpose and _is_theirs(actor, patient)


def may_read(actor: Actor, purpose: str, patient: PatientId) -> bool:
    return purpose in READERS.get(actor.profession, frozenset()) and _is_theirs(actor, patient)


def _is_theirs(actor: Actor, patient: PatientId) -> bool:
    return actor.profession is not Profession.PATIENT or actor.patient == patient
