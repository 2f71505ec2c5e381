"""What a patient said as plain JSON, and back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.consent.model import Words
from shared.clock import rfc3339

SELECTORS = ("units", "persons", "sites", "purposes", "labels")


def plain_words(words: Words) -> dict[str, Any]:
    """Only what was said."""
    plain: dict[str, Any] = {name: sorted(getattr(words, name)) for name in SELECTORS if getattr(words, name)}
    plain |= {name: rfc3339(moment) for name in ("begins", "ends") if (moment := getattr(words, name)) is not None}
    return plain | ({"exceptions": [plain_words(one) for one in words.exceptions]} if words.exceptions else {})


def read_words(plain: Mapping[str, Any]) -> Words:
    units, persons, sites, purposes, labels = (frozenset(plain.get(name, ())) for name in SELECTORS)
    begins, ends = (datetime.fromisoformat(plain[name]) if name in plain else None for name in ("begins", "ends"))
    exceptions = tuple(read_words(one) for one in plain.get("exceptions", ()))
    return Words(units, persons, sites, purposes, labels, begins, ends, exceptions)
