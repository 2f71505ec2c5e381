"""Asks `records` for what a chart's page shows: the whole of an ordinary chart, the newest of each kind of a very long one."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from services.portal.charts.chart import Resource
from services.portal.group import Group, Reader
from shared.vocabulary import Purpose

_WHOLE = 1000
_PARTS = (
    ("Patient,Condition,MedicationRequest,MedicationStatement,Medication", 500),
    ("Observation", 250),
    ("Encounter,DocumentReference,DiagnosticReport", 100),
)
"""Problems and medication stand by themselves: no number of newer measurements may push them off the page."""


async def read_resources(patient: str, *, reader: Reader, group: Group) -> tuple[Sequence[Resource], str]:
    """With the id of the note. Raises ServiceSilentError or ServiceRefusedError."""

    async def ask(query: str) -> tuple[Mapping[str, Any], str]:
        told = await group.ask(reader, "records", f"/fhir/Patient/{patient}/$everything?{query}", purpose=Purpose.TREATMENT)
        return told.body, told.decision

    bundle, decision = await ask(f"_count={_WHOLE}")
    if all(link["relation"] != "next" for link in bundle.get("link", ())):
        return _resources(bundle), decision
    parts = await asyncio.gather(*(ask(f"_type={types}&_count={count}") for types, count in _PARTS))
    return [one for part, _decision in parts for one in _resources(part)], decision


def _resources(bundle: Mapping[str, Any]) -> list[Resource]:
    return [entry["resource"] for entry in bundle.get("entry", ()) if isinstance(entry.get("resource"), dict)]
