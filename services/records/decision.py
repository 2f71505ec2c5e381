"""Decides every access: pure, no I/O, one reason per line; the only maker of a Permit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.records.model import WHOLE_CHART, Ask, Care, ChartHeader, Facts, Grounds, Residual
from shared.vocabulary import Action, Profession, Purpose, Relationship

CARE_BEGINS_BEFORE = timedelta(days=1)
CONFIDENTIALITY = "ULMNRV"
"""v3-Confidentiality from unrestricted to very restricted, a total order (THO)."""

DEMOGRAPHIC_TYPES = frozenset({"Patient", "RelatedPerson", "Coverage", "Account", "Appointment"})
DIRECTORY_TYPES = frozenset(
    {"Organization", "Practitioner", "PractitionerRole", "Location", "HealthcareService", "Endpoint", "OrganizationAffiliation"}
)
OPEN_TO_PATIENTS = DIRECTORY_TYPES | {"Medication"}
"""What belongs to no patient and stands behind the references of one's own chart."""

_LOOK = frozenset({Action.READ, Action.SEARCH})
_WRITE = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})

PURPOSES: Mapping[Profession, frozenset[Purpose]] = {
    Profession.CLINICIAN: frozenset({Purpose.TREATMENT}),
    Profession.CLERK: frozenset({Purpose.PATIENT_ADMINISTRATION}),
    Profession.PRIVACY_OFFICER: frozenset({Purpose.COMPLIANCE, Purpose.RECORDS_MANAGEMENT}),
    Profession.TRAINER: frozenset({Purpose.TRAINING}),
    Profession.OPERATOR: frozenset({Purpose.SYSTEM_ADMINISTRATION}),
    Profession.PATIENT: frozenset({Purpose.PATIENT_REQUEST}),
    Profession.INTEGRATION: frozenset({Purpose.RECORDS_MANAGEMENT}),
}
"""Which purposes a profession may have at all; a token cannot widen it."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave for one ask on one chart; the only thing that opens sealed bytes. Made by `decide` and nowhere else."""

    ask: Ask
    grounds: Grounds
    residual: Residual


@dataclass(frozen=True, slots=True)
class Refusal:
    """No, for one stated reason; `grounds` says what was looked at."""

    ask: Ask
    reason: str
    grounds: Grounds


def decide(ask: Ask, facts: Facts, *, now: datetime) -> Permit | Refusal:
    """The rules in order; the first that says no names the reason."""
    relationship = relation(ask, facts, now)
    grounds = Grounds(relationship, {} if facts.chart is None else {"chart": facts.chart.revision})
    if ask.purpose not in PURPOSES[ask.actor.profession]:
        return Refusal(ask, "purpose-not-for-profession", grounds)
    if ask.actor.site != facts.site:
        return Refusal(ask, "other-site", grounds)
    if not _may(ask):
        return Refusal(ask, "not-for-this-role", grounds)
    if facts.chart is not None and facts.chart.erased:
        return Refusal(ask, "chart-erased", grounds)
    if ask.actor.profession is Profession.PATIENT and relationship is not Relationship.SELF and ask.type not in OPEN_TO_PATIENTS:
        return Refusal(ask, "not-your-own-chart", grounds)
    if ask.actor.profession is Profession.CLINICIAN and facts.chart is not None and relationship is Relationship.NONE:
        return Refusal(ask, "no-care-relationship", grounds)
    return Permit(ask, grounds, _residual(relationship))


def _may(ask: Ask) -> bool:
    """What each profession may do to which types; needs no fact about the patient."""
    directory = ask.type in DIRECTORY_TYPES
    match ask.actor.profession:
        case Profession.CLINICIAN:
            registers = ask.type == "Patient" and ask.action in {Action.CREATE, Action.DELETE}
            return ask.action in _LOOK or (ask.action in _WRITE and not directory and not registers)
        case Profession.CLERK:
            return (directory and ask.action in _LOOK) or (
                ask.type in DEMOGRAPHIC_TYPES and ask.action in _LOOK | {Action.CREATE, Action.UPDATE}
            )
        case Profession.PRIVACY_OFFICER:
            return (directory and ask.action in _LOOK) or (
                ask.action is Action.ERASE and ask.type == WHOLE_CHART and ask.purpose == Purpose.RECORDS_MANAGEMENT
            )
        case Profession.INTEGRATION:
            return ask.action in _WRITE
        case Profession.PATIENT:
            return ask.action in _LOOK
        case _:
            return directory and ask.action in _LOOK


def relation(ask: Ask, facts: Facts, now: datetime) -> Relationship:
    """The nearest relationship between actor and patient at this moment."""
    chart = facts.chart
    if chart is None:
        return Relationship.NONE
    if ask.actor.profession is Profession.PATIENT:
        return Relationship.SELF if ask.actor.patient == chart.patient else Relationship.NONE
    return _care(ask, chart, facts, now)


def _care(ask: Ask, chart: ChartHeader, facts: Facts, now: datetime) -> Relationship:
    """Taking part in an encounter oneself is nearer than belonging to a unit of one who did."""
    nearest, practitioner = Relationship.NONE, ask.actor.practitioner
    units = facts.affiliations.get(practitioner, frozenset()) | ({ask.actor.unit} if ask.actor.unit else frozenset())
    begins_by, over_since = now + CARE_BEGINS_BEFORE, now - facts.care_lasts  # a period may reach to the ends of the calendar
    for care in chart.care.values():
        if care.started_at > begins_by or (care.ended_at is not None and care.ended_at <= over_since):
            continue
        if practitioner in care.practitioners:
            return Relationship.PARTICIPANT
        if nearest is Relationship.NONE and units and _is_theirs(care, units, facts):
            nearest = Relationship.UNIT
    return nearest


def _is_theirs(care: Care, units: frozenset[str], facts: Facts) -> bool:
    """Whether the encounter was for one of these units, or somebody of one took part."""
    return care.unit in units or any(not units.isdisjoint(facts.affiliations.get(one, ())) for one in care.practitioners)


def _residual(relationship: Relationship) -> Residual:
    """Very restricted resources are for those who took part themselves, and for the patient."""
    return Residual("V" if relationship in {Relationship.PARTICIPANT, Relationship.SELF} else "R")


def hides(residual: Residual, labels: tuple[str, ...]) -> bool:
    """Whether any confidentiality label is above the ceiling."""
    ceiling = CONFIDENTIALITY.index(residual.ceiling)
    return any(label in CONFIDENTIALITY and CONFIDENTIALITY.index(label) > ceiling for label in labels if len(label) == 1)
