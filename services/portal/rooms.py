"""Lists the rooms of the portal for each profession, the first being where that person arrives."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.vocabulary import Profession


@dataclass(frozen=True, slots=True)
class Room:
    """`word` names it in WORDS."""

    path: str
    word: str


_ACTIVITY, _TRAINING, _STAFF = Room("/activity", "room-activity"), Room("/modules", "room-training"), Room("/staff", "room-staff")
_PATIENTS = Room("/charts", "room-patients")
_CHARTS, _CASES, _REVIEWS = Room("/charts", "room-charts"), Room("/cases", "room-cases"), Room("/reviews", "room-reviews")
_LEDGER, _ERASURES = Room("/ledger", "room-ledger"), Room("/erasures", "room-erasures")
_TODAY, _REQUESTS, _RIGHTS = Room("/today", "room-today"), Room("/requests", "room-requests"), Room("/rights", "room-rights")
_OPERATION, _TRACES = Room("/operation", "room-operation"), Room("/traces", "room-traces")
_OBJECTIVES = Room("/objectives", "room-objectives")
_TRAIL = Room("/trail", "room-trail")
_CHOICES, _MESSAGES = Room("/choices", "room-choices"), Room("/messages", "room-messages")

_ROOMS: dict[str, Sequence[Room]] = {
    Profession.CLINICIAN: (_CHARTS, _TRAINING),
    Profession.CLERK: (_PATIENTS, _TRAINING),
    Profession.PRIVACY_OFFICER: (_TODAY, _CASES, _REVIEWS, _REQUESTS, _LEDGER, _ERASURES, _ACTIVITY, _OBJECTIVES, _TRAINING),
    Profession.TRAINER: (_STAFF, _TRAINING),
    Profession.OPERATOR: (_ACTIVITY, _OPERATION, _TRACES, _TRAINING),
    Profession.PATIENT: (_TRAIL, _CHOICES, _RIGHTS, _MESSAGES),
}


def rooms_of(profession: str) -> Sequence[Room]:
    return _ROOMS.get(profession, (_ACTIVITY,))


def home_of(profession: str) -> str:
    """Where somebody of that profession arrives."""
    return rooms_of(profession)[0].path
