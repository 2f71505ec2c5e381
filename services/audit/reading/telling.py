"""Tells one access as the note says it: with its account to officers, and to patients where the staff's site tells names."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from services.audit.reading.watch_activity import shown, word
from shared.vocabulary import Profession

_NOT_STAFF = frozenset({Profession.PATIENT, Profession.INTEGRATION})


def told_to_officer(note: Mapping[str, Any]) -> dict[str, Any]:
    actor = note.get("actor")
    return _told(note) | {"actor": word(actor.get("id")) if isinstance(actor, dict) else None}


def told_to_patient(note: Mapping[str, Any], naming_sites: AbstractSet[str]) -> dict[str, Any]:
    """Role, unit and site; the account of staff alone, and never that of another patient, wherever they signed in."""
    told = told_to_officer(note)
    named = told["site"] in naming_sites and told["profession"] not in _NOT_STAFF
    return told if named else _told(note)


def _told(note: Mapping[str, Any]) -> dict[str, Any]:
    return shown(note) | {"step": word(note.get("step")), "emergency": "emergency" in note}
