"""Asks `decide` every question there is, and groups the answers into tables that can be read."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

from catalogue.markdown import code, codes, table
from services.records.decision import Permit, Refusal, decide
from services.records.fhir.definitions import RESOURCE_TYPES
from services.records.model import WHOLE_CHART, Ask, Care, ChartHeader, Facts, Standing
from services.records.writing.planned import HELD_ELSEWHERE
from shared.identity import Actor
from shared.vocabulary import Action, PatientId, Profession, Purpose

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_PATIENT = PatientId("the-patient")
_SITE = "here"
_CARE = Care(frozenset({"Practitioner/one"}), "Organization/unit", _NOW - timedelta(days=1), None)
_CHART = ChartHeader(_PATIENT, 1, {"encounter": _CARE})
_LONGEST_LIST = 12

RELATIONSHIPS = ("participant", "unit", "self", "none", "no chart")
TYPES = (*sorted(RESOURCE_TYPES - set(HELD_ELSEWHERE)), WHOLE_CHART)
NOT_THIS_PURPOSE = "purpose-not-for-profession"

Answers = tuple[tuple[str, ...], ...]
"""For one type: by action, then by relationship."""


def in_order(site: str, chart: ChartHeader | None) -> Facts:
    """Nothing else stands against anybody; docs/decision.md has what may."""
    return Facts(site, chart, in_force=True, standing=Standing(1), standings_heard=True)


def actor(profession: Profession, relationship: str, *, site: str = _SITE) -> Actor:
    """Somebody who stands in that relationship to the patient."""
    return Actor(
        ident="somebody",
        name="",
        profession=profession,
        site=site,
        unit="Organization/unit" if relationship == "unit" else "",
        purposes=frozenset(),
        practitioner="Practitioner/one" if relationship == "participant" else "",
        patient=_PATIENT if relationship == "self" else None,
        strength="",
        token="",
        expires=0.0,
    )


def answer(profession: Profession, purpose: Purpose, action: Action, type_: str, relationship: str) -> Permit | Refusal:
    chart = None if relationship == "no chart" else _CHART
    ask = Ask(actor(profession, relationship), purpose, action, type_, None if chart is None else _PATIENT)
    return decide(ask, in_order(_SITE, chart), now=_NOW)


@cache
def answers_by_type(profession: Profession, purpose: Purpose) -> Mapping[str, Answers]:
    return {
        type_: tuple(tuple(_told(answer(profession, purpose, action, type_, one)) for one in RELATIONSHIPS) for action in Action)
        for type_ in TYPES
    }


def _told(verdict: Permit | Refusal) -> str:
    return "yes" if isinstance(verdict, Permit) else verdict.reason


def decision_tables() -> Iterator[str]:
    """One per profession and purpose; types that are answered alike share a row."""
    for profession in Profession:
        purposes = [purpose for purpose in Purpose if _is_open(profession, purpose)]
        yield f"### {profession}"
        yield f"Purposes: {codes(purposes)}. With any other: {code(NOT_THIS_PURPOSE)}."
        for purpose in purposes:
            rows = [[types, *cells] for types, cells in _rows(profession, purpose)]
            yield table((f"{purpose}", *Action), rows)


def _is_open(profession: Profession, purpose: Purpose) -> bool:
    given = {told for answers in answers_by_type(profession, purpose).values() for row in answers for told in row}
    return given != {NOT_THIS_PURPOSE}


def _rows(profession: Profession, purpose: Purpose) -> Iterator[tuple[str, list[str]]]:
    alike: dict[Answers, list[str]] = {}
    for type_, answers in answers_by_type(profession, purpose).items():
        alike.setdefault(answers, []).append(type_)
    for answers, types in sorted(alike.items(), key=lambda pair: len(pair[1])):
        yield _named(types, only=len(alike) == 1), [_cell(by_relationship) for by_relationship in answers]


def _named(types: list[str], *, only: bool) -> str:
    if only:
        return "every type"
    listed = ["the whole chart" if type_ == WHOLE_CHART else type_ for type_ in types]
    if len(listed) <= _LONGEST_LIST:
        return ", ".join(listed)
    return "every other type, and the whole chart" if WHOLE_CHART in types else "every other type"


def _cell(told: tuple[str, ...]) -> str:
    """One word when the relationship makes no difference, else who gets which answer."""
    by_answer: dict[str, list[str]] = {}
    for relationship, one in zip(RELATIONSHIPS, told, strict=True):
        by_answer.setdefault(one, []).append(relationship)
    if len(by_answer) == 1:
        return _word(told[0])
    return "; ".join(f"{_word(one)}: {', '.join(relationships)}" for one, relationships in by_answer.items())


def _word(told: str) -> str:
    return {"yes": "**yes**", "not-for-this-role": "–"}.get(told, code(told))


def ceiling_table() -> str:
    """What a permit still hides, by relationship."""
    rows = []
    for relationship in RELATIONSHIPS:
        verdicts = [
            answer(profession, purpose, action, type_, relationship)
            for profession in Profession
            for purpose in Purpose
            for action in (Action.READ, Action.ERASE)
            for type_ in ("Observation", "Patient", "Organization", WHOLE_CHART)
        ]
        rows.append([relationship, codes(sorted({one.residual.ceiling for one in verdicts if isinstance(one, Permit)}))])
    return table(("relationship", "highest confidentiality shown"), rows)


def overriding_table() -> str:
    """What is answered, whoever asks, when the site is another or the chart erased: in place of each yes above."""
    erased = ChartHeader(_PATIENT, 2, erased=True)
    elsewhere, gone = set(), set()
    for profession in Profession:
        for purpose in Purpose:
            for action in Action:
                ask = Ask(actor(profession, "self"), purpose, action, "Patient", _PATIENT)
                if isinstance(decide(ask, in_order(_SITE, _CHART), now=_NOW), Permit):
                    elsewhere.add(_told(decide(ask, in_order("elsewhere", _CHART), now=_NOW)))
                    gone.add(_told(decide(ask, in_order(_SITE, erased), now=_NOW)))
    return table(
        ("when", "every yes becomes"),
        [("signed in for another site", codes(sorted(elsewhere))), ("the chart was erased", codes(sorted(gone)))],
    )
