"""Who may do what here: pure, one reason per line."""

from collections.abc import Mapping
from enum import StrEnum

from services.notifier.model import Asked
from shared.vocabulary import Profession, Purpose


class Deed(StrEnum):
    """What can be done here."""

    WATCH = "watch"
    DECIDE = "decide"
    READ_INBOX = "read-inbox"
    ASK = "ask"


ROLES: Mapping[Deed, tuple[Profession, Purpose]] = {
    Deed.WATCH: (Profession.PRIVACY_OFFICER, Purpose.COMPLIANCE),
    Deed.DECIDE: (Profession.PRIVACY_OFFICER, Purpose.COMPLIANCE),
    Deed.READ_INBOX: (Profession.PATIENT, Purpose.PATIENT_REQUEST),
    Deed.ASK: (Profession.PATIENT, Purpose.PATIENT_REQUEST),
}
"""The one profession and purpose of each deed; a token cannot widen it."""


def refuse(asked: Asked, deed: Deed, *, watched_by: str | None = None) -> str | None:
    """The reason for a no, or None. `watched_by` is the site whose officers watch over the thing; None means those of the group."""
    profession, purpose = ROLES[deed]
    if asked.actor.profession is not profession:
        return "not-for-this-role"
    if asked.purpose != purpose:
        return "not-for-this-purpose"
    if watched_by is not None and asked.actor.site != watched_by:
        return "watched-elsewhere"
    if profession is Profession.PATIENT and asked.actor.patient is None:
        return "no-record-of-your-own"
    return None
