"""Describes every note: the events that are made by `shared/notes.py` and end as leaves of the ledger, and their heartbeat."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.records.noting import ACCESS
from shared.events.portal import SIGN_IN_FAILED, SIGNED_IN, SIGNED_OUT
from shared.events.topics import IDENTITY_EVENT, RECORDS_ACCESS, Topic
from shared.notes import HEARTBEAT

FRAME: Mapping[str, str] = {
    "id": "the event id, a random UUID; for an access it is the decision id that the answer carried",
    "incarnation": "128 random bits of the process that made the note, drawn at its start",
    "partition": "0: a log has one partition",
    "number": "1, 2, 3 … per incarnation, drawn once when the bytes are made; no number is skipped",
    "time": "when the request came in, UTC",
    "type": "the event type",
    "salt": "32 random bytes in base64; without them a leaf's hash cannot be guessed from its facts",
}
_ACTOR = (
    "who: `id` and, as far as the token says it, `profession`, `site`, `unit`, `practitioner`, `strength`, `token` (a digest); never a name"
)
_IDENTITY: Mapping[str, str] = {
    "actor": "who: `id`, `profession`, `site`; null when nobody was known yet",
    "outcome": "`answered` or `refused`",
    "reason": "why a sign-in failed, or a session ended (`asked`, `signed-in-again`); else null",
}
_FRAME: dict[str, Any] = {
    "id": "6f1d0a52-7f0c-4b5e-9a8e-2f4a5c1d3e70",
    "incarnation": "00112233445566778899aabbccddeeff",
    "partition": 0,
    "number": 41,
    "time": "2026-11-25T18:06:37.125Z",
    "type": "",
    "salt": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
}
_OFFICER = {"id": "8d3c2b1a-0f9e-4d8c-b7a6-958473625140", "profession": "privacy-officer", "site": "nord"}


@dataclass(frozen=True, slots=True)
class NoteKind:
    """`facts` says what stands beside the frame; the example is a whole note."""

    type: str
    topics: tuple[Topic, ...]
    sentence: str
    facts: Mapping[str, str]
    example: Mapping[str, Any]


NOTES = (
    NoteKind(
        ACCESS,
        (RECORDS_ACCESS,),
        "Somebody asked for something in the records, and this is what it came to; durable before the answer leaves.",
        {
            "site": "the site whose records were asked",
            "actor": _ACTOR,
            "purpose": "the purpose of use",
            "action": "`read`, `search`, `create`, `update`, `delete` or `erase`",
            "resourceType": "a FHIR type, `Bundle`, `Chart` for a whole chart, or `unknown`",
            "resource": "`Type/id` of a single one",
            "patient": "the patient's id; null when it was about none, or about several (who have a note each)",
            "outcome": "`answered`, `refused`, `hidden`, `gone`, `not-found`, `unreadable`, `invalid` or `conflict`",
            "status": "the HTTP status",
            "reason": "why it was refused, or the problem's slug",
            "relationship": "`participant`, `unit`, `self` or `none`",
            "revisions": "the revision of everything the decision looked at",
            "version": "of the one resource read or written",
            "labels": "the strongest confidentiality among what was shown",
            "count": "how many resources were shown or written",
            "writes": "[type, id, version, SHA-256 of the sealed bytes, action] of each resource written",
            "step": "of an erasure: `proposed`, `confirmed`, `destroyed`, `repeated` or `resumed`",
        },
        _FRAME
        | {
            "type": ACCESS,
            "site": "nord",
            "actor": {
                "id": "2c9b7e14-5a3d-4f60-8e21-7d6c5b4a3f2e",
                "profession": "clinician",
                "site": "nord",
                "unit": "Organization/0b7e6c1e-54f4-4b2d-8f6e-5a9f3d0c7e21",
                "practitioner": "Practitioner/e0a1c2d3-4b5f-4a69-8778-695a4b3c2d1e",
                "strength": "pwd",
                "token": "9f86d081884c7d659a2feaa0c55ad015",
            },
            "purpose": "TREAT",
            "action": "read",
            "resourceType": "Observation",
            "patient": "5f0c54d2-3f0a-4c52-9d6e-0a0d9f4b1c11",
            "outcome": "answered",
            "status": 200,
            "relationship": "participant",
            "revisions": {"chart": 7},
            "resource": "Observation/3b2a1908-f7e6-4d5c-8b4a-392817061524",
            "version": 1,
            "labels": "N",
        },
    ),
    NoteKind(
        SIGNED_IN,
        (IDENTITY_EVENT,),
        "Somebody signed in at the portal.",
        _IDENTITY,
        _FRAME | {"type": SIGNED_IN, "actor": _OFFICER, "outcome": "answered", "reason": None},
    ),
    NoteKind(
        SIGNED_OUT,
        (IDENTITY_EVENT,),
        "Somebody signed out of the portal.",
        _IDENTITY,
        _FRAME | {"type": SIGNED_OUT, "actor": _OFFICER, "outcome": "answered", "reason": "asked"},
    ),
    NoteKind(
        SIGN_IN_FAILED,
        (IDENTITY_EVENT,),
        "A sign-in that was begun here came to nothing.",
        _IDENTITY,
        _FRAME | {"type": SIGN_IN_FAILED, "actor": None, "outcome": "refused", "reason": "access-denied"},
    ),
)
BEAT = NoteKind(
    HEARTBEAT,
    (RECORDS_ACCESS, IDENTITY_EVENT),
    "A process that makes notes lives, left by its own word, or is declared dead by another; not a leaf of the ledger.",
    {
        "id": "the event id",
        "incarnation": "of which process",
        "time": "UTC",
        "type": "the event type",
        "state": "`alive`, `left` or `dead`",
        "lowest": "every number below it is in Kafka",
        "next": "the first number not drawn yet; 0 when another process speaks",
    },
    {name: _FRAME[name] for name in ("id", "incarnation", "time")} | {"type": HEARTBEAT, "state": "alive", "lowest": 42, "next": 42},
)
