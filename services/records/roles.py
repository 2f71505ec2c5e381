"""What each profession may do to which kinds of record, for which purposes: needs no fact about the patient."""

from collections.abc import Mapping

from services.records.model import WHOLE_CHART, Ask
from shared.vocabulary import Action, Profession, Purpose

DEMOGRAPHIC_TYPES = frozenset({"Patient", "RelatedPerson", "Coverage", "Account", "Appointment"})
DIRECTORY_TYPES = frozenset(
    {"Organization", "Practitioner", "PractitionerRole", "Location", "HealthcareService", "Endpoint", "OrganizationAffiliation"}
)
OPEN_TO_PATIENTS = DIRECTORY_TYPES | {"Medication"}
"""What belongs to no patient and stands behind the references of one's own chart."""

_LOOK = frozenset({Action.READ, Action.SEARCH})
_WRITE = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})
_OF_OFFICERS = frozenset({(Action.ERASE, Purpose.RECORDS_MANAGEMENT), (Action.REVIEW, Purpose.COMPLIANCE)})

PURPOSES: Mapping[Profession, frozenset[Purpose]] = {
    Profession.CLINICIAN: frozenset({Purpose.TREATMENT, Purpose.RESEARCH}),
    Profession.CLERK: frozenset({Purpose.PATIENT_ADMINISTRATION}),
    Profession.PRIVACY_OFFICER: frozenset({Purpose.COMPLIANCE, Purpose.RECORDS_MANAGEMENT}),
    Profession.TRAINER: frozenset({Purpose.TRAINING}),
    Profession.OPERATOR: frozenset({Purpose.SYSTEM_ADMINISTRATION}),
    Profession.PATIENT: frozenset({Purpose.PATIENT_REQUEST}),
    Profession.INTEGRATION: frozenset({Purpose.RECORDS_MANAGEMENT}),
}
"""Which purposes a profession may have at all; a token cannot widen it."""

NEEDS_CONSENT = frozenset({Purpose.RESEARCH})
"""Purposes that rest on the patient's own yes, not on a care relationship (GDPR 9(2)(a))."""

STAFF = frozenset({Profession.CLINICIAN, Profession.CLERK, Profession.PRIVACY_OFFICER, Profession.TRAINER, Profession.OPERATOR})
"""Whose standing is kept by `governance`; patients have none, nor have interfaces."""

BOUND_BY_PATIENTS = frozenset({Profession.CLINICIAN, Profession.CLERK})


def may(ask: Ask) -> bool:
    """Whether the role allows this action on this type for this purpose at all."""
    directory = ask.type in DIRECTORY_TYPES
    match ask.actor.profession:
        case Profession.CLINICIAN:
            if ask.action is Action.BREAK_GLASS:
                return ask.type == WHOLE_CHART and ask.purpose == Purpose.TREATMENT
            if ask.purpose in NEEDS_CONSENT:
                return ask.action in _LOOK
            registers = ask.type == "Patient" and ask.action in {Action.CREATE, Action.DELETE}
            return ask.action in _LOOK or (ask.action in _WRITE and not directory and not registers)
        case Profession.CLERK:
            return (directory and ask.action in _LOOK) or (
                ask.type in DEMOGRAPHIC_TYPES and ask.action in _LOOK | {Action.CREATE, Action.UPDATE}
            )
        case Profession.PRIVACY_OFFICER:
            return (directory and ask.action in _LOOK) or (ask.type == WHOLE_CHART and (ask.action, ask.purpose) in _OF_OFFICERS)
        case Profession.INTEGRATION:
            return ask.action in _WRITE
        case Profession.PATIENT:
            return ask.action in _LOOK
        case _:
            return directory and ask.action in _LOOK
