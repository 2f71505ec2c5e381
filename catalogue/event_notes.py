"""Describes every note: the events that are made by `shared/notes.py` and end as leaves of the ledger, and their heartbeat."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.audit.reading.noting import ACCESS as AUDIT_ACCESSED
from services.consent.noting import ACCESS as CONSENT_ACCESSED
from services.notifier.noting import ACCESS as NOTIFIER_ACCESSED
from services.records.noting import ACCESS, EMERGENCY_ENDED
from shared.events.portal import SIGN_IN_FAILED, SIGNED_IN, SIGNED_OUT
from shared.events.topics import AUDIT_ACCESS, CONSENT_ACCESS, IDENTITY_EVENT, NOTIFIER_ACCESS, RECORDS_ACCESS, Topic
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
    "reason": "why a sign-in failed, or a session ended (`asked`, `signed-in-again`, `workstation-locked`); else null",
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
            "action": "`read`, `search`, `create`, `update`, `delete`, `erase` or `break-glass`",
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
            "step": "of an erasure: `proposed`, `confirmed`, `destroyed`, `repeated` or `resumed`; "
            "of an emergency: `opened`, `repeated` or `shown`",
            "emergency": "the id of the grant by which a clinician could, or could have, looked: only when there was one",
            "colleague": "true when the patient works for the group, by the label `EMP`; else absent",
            "vip": "true when the chart is labelled `VIP` or `CEL`; else absent",
            "deceased": "true when the patient has died; else absent",
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
        EMERGENCY_ENDED,
        (RECORDS_ACCESS,),
        "The time of an emergency access is over; noted once, some seconds after its end.",
        {
            "site": "the site of the chart",
            "actor": "who had opened it: `id`, `profession`, `site`, `unit`",
            "patient": "whose chart it was",
            "emergency": "the id of the grant, as its accesses carried it",
            "openedAt": "UTC",
            "endedAt": "UTC",
            "followedUp": "whether that person created or updated anything in the chart meanwhile",
            "outcome": "absent; `conflict` in a note that was drawn in vain, which says nothing about the end",
            "status": "absent, as the outcome",
            "reason": "absent, as the outcome",
        },
        _FRAME
        | {
            "type": EMERGENCY_ENDED,
            "site": "nord",
            "actor": {
                "id": "2c9b7e14-5a3d-4f60-8e21-7d6c5b4a3f2e",
                "profession": "clinician",
                "site": "nord",
                "unit": "nord-urgences",
            },
            "patient": "5f0c54d2-3f0a-4c52-9d6e-0a0d9f4b1c11",
            "emergency": "5d4f6d0a-93f1-4f7e-8f0c-0c3a3a5f7b21",
            "openedAt": "2026-11-25T14:06:30.010Z",
            "endedAt": "2026-11-25T18:06:30.010Z",
            "followedUp": True,
        },
    ),
    NoteKind(
        CONSENT_ACCESSED,
        (CONSENT_ACCESS,),
        "Somebody said, took back or read what a patient permits and forbids, or a chart was forbidden for its erasure.",
        {
            "actor": _ACTOR,
            "purpose": "the purpose of use",
            "action": "`create`, `update` (taken back), `read`, `search` or `erase`",
            "resourceType": "`Consent`",
            "resource": "`Consent/id` of a single one that is known here",
            "patient": "the patient's id; null when nothing is known under the id that was asked for",
            "outcome": "`answered`, `refused`, `not-found`, `invalid`, `conflict`, or `unreadable` for a change that did not happen",
            "status": "the HTTP status",
            "reason": "the problem's slug",
            "version": "of the consent",
            "kind": "`consent` or `objection`",
            "state": "`active` or `inactive`",
            "words": "units, persons, sites, purposes, labels and times that it names; exceptions nested",
            "count": "how many were listed",
            "step": "`repeated` when the same request had been committed before",
            "erased": "the site whose chart is erased",
            "erasure": "the id of that erasure",
        },
        _FRAME
        | {
            "type": CONSENT_ACCESSED,
            "actor": _OFFICER | {"unit": "", "strength": "pwd", "token": "9f86d081884c7d659a2feaa0c55ad015"},
            "purpose": "RECORDMGT",
            "action": "create",
            "resourceType": "Consent",
            "resource": "Consent/0b7e6c1e-54f4-4b2d-8f6e-5a9f3d0c7e21",
            "patient": "5f0c54d2-3f0a-4c52-9d6e-0a0d9f4b1c11",
            "outcome": "answered",
            "status": 200,
            "version": 1,
            "kind": "objection",
            "state": "active",
            "words": {"units": ["nord-medecine"]},
        },
    ),
    NoteKind(
        NOTIFIER_ACCESSED,
        (NOTIFIER_ACCESS,),
        "Somebody asked for a breach case, a review or their messages, and this is what it came to; durable before the answer leaves.",
        {
            "actor": _ACTOR,
            "purpose": "the purpose of use",
            "action": "`search`, `read`, `update` (a case was decided) or `review`",
            "resourceType": "`Case`, `Review` or `Message`",
            "resource": "`Case/id` or `Review/grant` of a single one that is known here",
            "patient": "whom it named or was about; null when none, or several (who have a note each)",
            "outcome": "`answered`, `refused`, `not-found`, `invalid`, `conflict`, or `unreadable` for a change that did not happen",
            "status": "the HTTP status",
            "reason": "why it was refused, or the problem's slug",
            "count": "how many were listed",
            "step": "`confirmation`, `dismissal` or `closing` of a case; the finding of a review",
            "grounds": "the reason that was given for a step",
            "repeated": "true when the same was said before, and nothing changed",
        },
        _FRAME
        | {
            "type": NOTIFIER_ACCESSED,
            "actor": _OFFICER | {"unit": "", "strength": "pwd", "token": "9f86d081884c7d659a2feaa0c55ad015"},
            "purpose": "HCOMPL",
            "action": "read",
            "resourceType": "Case",
            "resource": "Case/7c3f3e52-6a0e-4c86-9a39-0c0a5f2e7d10",
            "patient": "5f0c54d2-3f0a-4c52-9d6e-0a0d9f4b1c11",
            "outcome": "answered",
            "status": 200,
            "count": 1,
        },
    ),
    NoteKind(
        AUDIT_ACCESSED,
        (AUDIT_ACCESS,),
        "Somebody asked the ledger who looked at a patient's record, and this is what it came to; durable before the answer leaves.",
        {
            "actor": _ACTOR,
            "purpose": "the purpose of use",
            "action": "`search`",
            "resourceType": "`AuditEvent`",
            "patient": "whose trail; null when the address held no id of ours",
            "outcome": "`answered` or `refused`",
            "status": "the HTTP status",
            "reason": "the problem's slug",
            "count": "how many accesses were told",
        },
        _FRAME
        | {
            "type": AUDIT_ACCESSED,
            "actor": _OFFICER | {"unit": "", "strength": "pwd", "token": "9f86d081884c7d659a2feaa0c55ad015"},
            "purpose": "HCOMPL",
            "action": "search",
            "resourceType": "AuditEvent",
            "patient": "5f0c54d2-3f0a-4c52-9d6e-0a0d9f4b1c11",
            "outcome": "answered",
            "status": 200,
            "count": 12,
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
    (RECORDS_ACCESS, CONSENT_ACCESS, NOTIFIER_ACCESS, AUDIT_ACCESS, IDENTITY_EVENT),
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
