"""States what this server does, made from what it serves."""

from functools import cache

import orjson

from services.records.fhir.definitions import RESOURCE_TYPES
from services.records.writing.planned import HELD_ELSEWHERE

_INTERACTIONS = [{"code": code} for code in ("read", "create", "update", "delete", "search-type")]
_SEARCH = [{"name": "_id", "type": "token"}, {"name": "patient", "type": "reference"}]
_FIND_PATIENTS = [
    {"name": "identifier", "type": "token", "documentation": "Exact, with or without its system."},
    {"name": "family", "type": "string", "documentation": "The whole family name, without regard to accents and case; with birthdate."},
    {"name": "birthdate", "type": "date", "documentation": "A whole date, equal; with family."},
]
_EVERYTHING = [{"name": "everything", "definition": "http://hl7.org/fhir/OperationDefinition/Patient-everything"}]


@cache
def capability_statement(base: str) -> bytes:
    """A FHIR R4 CapabilityStatement of kind instance."""
    return orjson.dumps(
        {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": "2026-11-25",
            "kind": "instance",
            "software": {"name": "Serment"},
            "implementation": {"description": "Serment records", "url": f"{base.rstrip('/')}/fhir"},
            "fhirVersion": "4.0.1",
            "format": ["application/fhir+json"],
            "rest": [
                {
                    "mode": "server",
                    "resource": [_resource(type_) for type_ in sorted(RESOURCE_TYPES - set(HELD_ELSEWHERE))],
                    "interaction": [{"code": "transaction"}],
                }
            ],
        }
    )


def _resource(type_: str) -> dict[str, object]:
    served: dict[str, object] = {
        "type": type_,
        "interaction": _INTERACTIONS,
        "versioning": "versioned",
        "readHistory": False,
        "updateCreate": False,
        "searchParam": _SEARCH,
    }
    return served | ({"operation": _EVERYTHING, "searchParam": [*_SEARCH, *_FIND_PATIENTS]} if type_ == "Patient" else {})
