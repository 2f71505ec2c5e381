"""The words that every service uses for people, purposes, actions and outcomes."""

import re
from enum import StrEnum
from typing import NewType

PatientId = NewType("PatientId", str)
"""The FHIR logical id of a patient: a random UUID given at registration, the same in the whole group."""

OUR_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_OURS = re.compile(OUR_ID).fullmatch

SITE_OWNER = "site"
"""The keyring owner of what belongs to no patient: organisations, practitioners, locations."""


class Profession(StrEnum):
    """What a person is in the house; a token carries exactly one."""

    CLINICIAN = "clinician"
    CLERK = "clerk"
    PRIVACY_OFFICER = "privacy-officer"
    TRAINER = "trainer"
    OPERATOR = "operator"
    PATIENT = "patient"
    INTEGRATION = "integration"


class Purpose(StrEnum):
    """Purposes of use, codes of v3-ActReason (THO)."""

    TREATMENT = "TREAT"
    PATIENT_ADMINISTRATION = "PATADMIN"
    COMPLIANCE = "HCOMPL"
    RECORDS_MANAGEMENT = "RECORDMGT"
    TRAINING = "TRAIN"
    SYSTEM_ADMINISTRATION = "HSYSADMIN"
    PATIENT_REQUEST = "PATRQT"
    RESEARCH = "HRESCH"


class Action(StrEnum):
    """What is asked of a record."""

    READ = "read"
    SEARCH = "search"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    ERASE = "erase"
    BREAK_GLASS = "break-glass"
    REVIEW = "review"


class Outcome(StrEnum):
    """What an access came to, as its note says."""

    ANSWERED = "answered"
    REFUSED = "refused"
    HIDDEN = "hidden"
    GONE = "gone"
    NOT_FOUND = "not-found"
    UNREADABLE = "unreadable"
    INVALID = "invalid"
    CONFLICT = "conflict"


class Relationship(StrEnum):
    """Why an actor is near a patient."""

    PARTICIPANT = "participant"
    UNIT = "unit"
    SELF = "self"
    NONE = "none"


def is_ours(ident: str) -> bool:
    """Whether we can have given that id; others are never repeated."""
    return _OURS(ident) is not None
