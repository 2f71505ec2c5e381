"""Keeps a chart's header true to its encounters and its patient."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.records.fhir.references import encounter_participants
from services.records.model import Care, ChartHeader
from services.records.writing.planned import Planned
from shared.vocabulary import PatientId

_NEVER_TOOK_PLACE = {"cancelled", "entered-in-error"}
_OVER = {"finished"}


def header_after(header: ChartHeader | None, patient: PatientId, changes: Sequence[Planned], *, now: datetime) -> ChartHeader:
    """The next revision of the header, with the care and flags that these changes bring."""
    before = header or ChartHeader(patient, 0)
    care, flags = dict(before.care), before.flags
    for change in changes:
        if change.type == "Encounter":
            care.pop(change.ident, None)
            if change.resource is not None and change.resource.get("status") not in _NEVER_TOOK_PLACE:
                care[change.ident] = care_of(change.resource, now=now)
        elif change.type == "Patient" and change.resource is not None:
            flags = frozenset(_flags(change.resource))
    types = before.types | {change.type for change in changes}
    return ChartHeader(patient, before.revision + 1, care, flags, written=before.written + len(changes), types=types)


def care_of(encounter: dict[str, Any], *, now: datetime) -> Care:
    """An encounter without a start began when it was written; a finished one without an end ended as it began."""
    people, unit, start, end = encounter_participants(encounter)
    started = moment(start) or now
    ended = moment(end) or (started if encounter.get("status") in _OVER else None)
    return Care(frozenset(people), unit, started, ended)


def moment(text: str | None) -> datetime | None:
    """The first instant of a FHIR date or dateTime, which may stop at the year or the month; a leap second counts as the one before."""
    if text is None:
        return None
    padded = text + "-01-01"[len(text) - 4 :] if len(text) in {4, 7} else text
    found = datetime.fromisoformat(padded.replace(":60", ":59"))
    try:
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError:  # its offset reaches beyond the calendar
        return found.replace(tzinfo=UTC)


def _flags(patient: Mapping[str, Any]) -> Iterable[str]:
    if patient.get("deceasedBoolean") is True or "deceasedDateTime" in patient:
        yield "deceased"
    for coding in patient.get("meta", {}).get("security", []):
        if coding.get("code") in {"VIP", "CEL", "EMP"}:
            yield str(coding["code"])
