"""Says by which exact values a patient is found: pure."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from services.records.knowing.blind_index import IndexKey


def by_identifier(token: str) -> IndexKey:
    """A FHIR token: `system|value`, `|value` for one without a system, `value` for any system."""
    return IndexKey("patient-identifier", token)


def by_name_and_birth(family: str, birth_date: str) -> IndexKey:
    """Letters and digits of the family name alone, without accents or case: what people type at a desk, and what machines send, meet."""
    spelt = unicodedata.normalize("NFKD", family).casefold()
    return IndexKey("patient-name-birth", f"{''.join(filter(str.isalnum, spelt))}|{birth_date}")


def keys_of_patient(patient: Mapping[str, Any] | None) -> list[IndexKey]:
    """Everything by which a valid Patient resource can be found: each of its identifiers, each of its names with its birth date."""
    if patient is None:
        return []
    found = [by_identifier(token) for one in patient.get("identifier", ()) for token in _tokens(one)]
    if "birthDate" in patient:
        families = [name["family"] for name in patient.get("name", ()) if name.get("family")]
        found += [by_name_and_birth(family, patient["birthDate"]) for family in families]
    return found


def _tokens(identifier: Mapping[str, Any]) -> Iterator[str]:
    if "value" in identifier:
        yield f"{identifier.get('system', '')}|{identifier['value']}"
        yield str(identifier["value"])
