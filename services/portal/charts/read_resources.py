"""Asks `records` for what a chart's page shows: the whole of an ordinary chart, the newest of each kind of a very long one."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from services.portal.charts.chart import Resource
from services.portal.group import Group, Reader, with_query
from shared.vocabulary import Purpose

_WHOLE = 400
_PARTS = (
    ("Patient,Condition,MedicationRequest,MedicationStatement,Medication", 100),
    ("Observation", 250),
    ("Encounter,DocumentReference,DiagnosticReport", 50),
)
"""Problems and medication stand by themselves: no number of newer measurements may push them off the page."""


async def read_resources(patient: str, *, reader: Reader, group: Group) -> tuple[Sequence[Resource], bool, str]:
    """Whether these are all, and the id of the note. Raises ServiceSilentError or ServiceRefusedError."""

    async def ask(count: int, types: str | None = None) -> tuple[Mapping[str, Any], str]:
        path = with_query(f"/fhir/Patient/{patient}/$everything", _type=types, _count=count)
        told = await group.ask(reader, "records", path, purpose=Purpose.TREATMENT)
        return told.body, told.decision

    bundle, decision = await ask(_WHOLE)
    if all(link["relation"] != "next" for link in bundle.get("link", ())):
        return _resources(bundle), True, decision
    parts = await asyncio.gather(*(ask(count, types) for types, count in _PARTS))
    return [one for part, _decision in parts for one in _resources(part)], False, decision


def _resources(bundle: Mapping[str, Any]) -> list[Resource]:
    return [entry["resource"] for entry in bundle.get("entry", ()) if isinstance(entry.get("resource"), dict)]
