"""Picks what a clinician wants first from a chart: problems, medication, results over time, encounters, documents."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from math import isfinite
from typing import Any

import orjson

SHOWN = 12
_POINTS = 24
_NOT_SHOWN = frozenset({"superseded", "entered-in-error"})
WIDTH, HEIGHT = 160, 36
_MARGIN = 3
Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing of a section; `at` is a FHIR date or empty, `more` a code such as a status."""

    what: str = field(repr=False)
    at: str = ""
    more: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one kind, the newest last; `points` are those of an SVG polyline, empty for a single value, `plotted` what uPlot takes."""

    what: str = field(repr=False)
    unit: str
    values: Sequence[tuple[str, float]] = field(repr=False)

    @property
    def newest(self) -> tuple[str, float]:
        return self.values[-1]

    @property
    def plotted(self) -> str:
        """JSON of [seconds since 1970, values]; empty unless every value has its own day."""
        shown = self.values[-_POINTS:]
        times = [_second(at) for at, _value in shown]
        whole = len(shown) > 1 and None not in times and times == sorted(times, key=lambda one: one or 0)
        return orjson.dumps([times, [value for _at, value in shown]]).decode() if whole else ""

    @property
    def points(self) -> str:
        numbers = [value for _at, value in self.values[-_POINTS:]]
        if len(numbers) < 2:  # noqa: PLR2004 - one point is no line
            return ""
        low, high = min(numbers), max(numbers)
        across, up = (WIDTH - 2 * _MARGIN) / (len(numbers) - 1), (HEIGHT - 2 * _MARGIN) / ((high - low) or 1)
        return " ".join(
            f"{_MARGIN + index * across:.1f},{HEIGHT - _MARGIN - (value - low) * up:.1f}" for index, value in enumerate(numbers)
        )


def _second(at: str) -> float | None:
    """None for what says no day."""
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


@dataclass(frozen=True, slots=True)
class Chart:
    """`sections` by name, the newest first, each with how many it leaves out."""

    name: str = field(repr=False)
    born: str = field(repr=False)
    gender: str = field(repr=False)
    sections: Mapping[str, tuple[Sequence[Line], int]] = field(repr=False)
    results: tuple[Sequence[Series], int] = field(repr=False)


def read_chart(resources: Sequence[Resource]) -> Chart:
    """What is absent or not understood is left out, never guessed."""
    patient: Resource = next((one for one in resources if one.get("resourceType") == "Patient"), {})
    sections = {
        "problems": _section(resources, {"Condition"}, _problem),
        "medication": _section(
            resources, {"MedicationRequest", "MedicationStatement"}, partial(_medication, named=_medications(resources))
        ),
        "encounters": _section(resources, {"Encounter"}, _encounter),
        "documents": _section(resources, {"DocumentReference", "DiagnosticReport"}, _document),
    }
    return Chart(name_of(patient), str(patient.get("birthDate", "")), str(patient.get("gender", "")), sections, _results(resources))


def _medications(resources: Iterable[Resource]) -> Mapping[str, Resource]:
    return {f"Medication/{one.get('id')}": one for one in resources if one.get("resourceType") == "Medication"}


def _section(resources: Iterable[Resource], types: set[str], line: Callable[[Resource], Line]) -> tuple[Sequence[Line], int]:
    """Without what was replaced or entered by mistake."""
    shown = (one for one in resources if one.get("resourceType") in types and one.get("status") not in _NOT_SHOWN)
    found = sorted(map(line, shown), key=lambda one: one.at, reverse=True)
    return found[:SHOWN], max(0, len(found) - SHOWN)


def _problem(one: Resource) -> Line:
    status = _code(one.get("clinicalStatus"))
    return Line(_text(one.get("code")), str(one.get("onsetDateTime") or one.get("recordedDate") or ""), status)


def _medication(one: Resource, named: Mapping[str, Resource]) -> Line:
    reference = str((one.get("medicationReference") or {}).get("reference", ""))
    concept = one.get("medicationCodeableConcept") or named.get(reference, {}).get("code")
    return Line(_text(concept), str(one.get("authoredOn") or one.get("dateAsserted") or ""), str(one.get("status", "")))


def _encounter(one: Resource) -> Line:
    kinds = one.get("type") or [{}]
    return Line(_text(kinds[0]), str((one.get("period") or {}).get("start", "")), str((one.get("class") or {}).get("code", "")))


def _document(one: Resource) -> Line:
    return Line(
        _text(one.get("type") or one.get("code")), str(one.get("date") or one.get("effectiveDateTime") or ""), str(one.get("status", ""))
    )


def _results(resources: Iterable[Resource]) -> tuple[Sequence[Series], int]:
    by_kind: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for one in resources:
        if one.get("resourceType") == "Observation":
            for what, quantity in _measured(one):
                by_kind.setdefault((what, str(quantity.get("unit", ""))), []).append(
                    (str(one.get("effectiveDateTime", "")), float(quantity["value"]))
                )
    series = [Series(what, unit, sorted(values)) for (what, unit), values in by_kind.items()]
    series.sort(key=lambda one: one.newest[0], reverse=True)
    return series[:SHOWN], max(0, len(series) - SHOWN)


def _measured(observation: Resource) -> Iterable[tuple[str, Resource]]:
    """The observation's own quantity, and those of its components."""
    for part in [observation, *(observation.get("component") or [])]:
        quantity = part.get("valueQuantity")
        if isinstance(quantity, dict) and isinstance(quantity.get("value"), int | float) and isfinite(quantity["value"]):
            yield _text(part.get("code")), quantity


def name_of(patient: Resource) -> str:
    """The official one, or the first; empty where there is none."""
    names = patient.get("name") or [{}]
    name = next((one for one in names if one.get("use") == "official"), names[0])
    return str(name.get("text") or " ".join([*name.get("given", []), name.get("family", "")]).strip())


def _text(concept: Any) -> str:
    """The words of a CodeableConcept; its first code where it has none."""
    if not isinstance(concept, dict):
        return ""
    codings = concept.get("coding") or [{}]
    return str(concept.get("text") or codings[0].get("display") or codings[0].get("code") or "")


def _code(concept: Any) -> str:
    return str(((concept or {}).get("coding") or [{}])[0].get("code", ""))
