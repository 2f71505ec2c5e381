"""Shows a statement as a FHIR R4 Consent in the form of IHE PCF: a root provision, exceptions nested one level deep."""

from typing import Any

from services.consent.model import Consent, ConsentState, Kind, Words
from shared.clock import rfc3339

_THO = "http://terminology.hl7.org/CodeSystem"
_SCOPE = {"coding": [{"system": f"{_THO}/consentscope", "code": "patient-privacy"}]}
_CATEGORY = {"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}
_RECIPIENT = {"coding": [{"system": f"{_THO}/v3-ParticipationType", "code": "IRCP"}]}
_POLICY = "https://profiles.ihe.net/ITI/PCF/Policy-basic-normal"
_ACTORS = {"units": "urn:serment:unit", "sites": "urn:serment:site"}
_OTHER = {"deny": "permit", "permit": "deny"}
_CONFIDENTIALITY = 1
"""Codes of v3-Confidentiality are one letter long; sensitivities are longer."""


def fhir_consent(consent: Consent) -> dict[str, Any]:
    """Version 2 of a withdrawn one says `inactive`, and keeps what had been said."""
    type_ = "permit" if consent.kind is Kind.CONSENT else "deny"
    changed = consent.ended_at if consent.state is ConsentState.INACTIVE and consent.ended_at else consent.given_at
    return {
        "resourceType": "Consent",
        "id": consent.ident,
        "meta": {"versionId": str(consent.version), "lastUpdated": rfc3339(changed)},
        "status": str(consent.state),
        "scope": _SCOPE,
        "category": [_CATEGORY],
        "patient": {"reference": f"Patient/{consent.patient}"},
        "dateTime": rfc3339(consent.given_at),
        "policy": [{"uri": _POLICY}],
        "provision": _provision(consent.words, type_),
    }


def _provision(words: Words, type_: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": type_}
    period = {name: rfc3339(moment) for name, moment in (("start", words.begins), ("end", words.ends)) if moment is not None}
    actors = [{"role": _RECIPIENT, "reference": reference} for reference in _references(words)]
    purposes = [{"system": f"{_THO}/v3-ActReason", "code": code} for code in sorted(words.purposes)]
    labels = [{"system": _system_of(code), "code": code} for code in sorted(words.labels)]
    nested = [_provision(one, _OTHER[type_]) for one in words.exceptions]
    told = {"period": period, "actor": actors, "purpose": purposes, "securityLabel": labels, "provision": nested}
    return found | {name: value for name, value in told.items() if value}


def _references(words: Words) -> list[dict[str, Any]]:
    named = [(system, value) for name, system in _ACTORS.items() for value in sorted(getattr(words, name))]
    named += [("urn:serment:staff", person) for person in sorted(words.persons) if "/" not in person]
    identified: list[dict[str, Any]] = [{"identifier": {"system": system, "value": value}} for system, value in named]
    return identified + [{"reference": person} for person in sorted(words.persons) if "/" in person]


def _system_of(code: str) -> str:
    return f"{_THO}/{'v3-Confidentiality' if len(code) == _CONFIDENTIALITY else 'v3-ActCode'}"
