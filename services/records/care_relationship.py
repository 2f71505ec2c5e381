"""Which care relationship stands between an actor and a patient at a moment."""

from datetime import datetime, timedelta

from services.records.model import Ask, Care, ChartHeader, Facts
from shared.vocabulary import Profession, Relationship

CARE_BEGINS_BEFORE = timedelta(days=1)


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
    practitioner = ask.actor.practitioner
    begins_by, over_since = now + CARE_BEGINS_BEFORE, now - facts.care_lasts  # a period may reach to the ends of the calendar
    for care in chart.care.values():
        if practitioner in care.practitioners and _goes_on(care, begins_by, over_since):
            return Relationship.PARTICIPANT
    units = facts.affiliations.get(practitioner, frozenset()) | ({ask.actor.unit} if ask.actor.unit else frozenset())
    theirs = bool(units) and any(_goes_on(care, begins_by, over_since) and _is_theirs(care, units, facts) for care in chart.care.values())
    return Relationship.UNIT if theirs else Relationship.NONE


def _goes_on(care: Care, begins_by: datetime, over_since: datetime) -> bool:
    return care.started_at <= begins_by and (care.ended_at is None or care.ended_at > over_since)


def _is_theirs(care: Care, units: frozenset[str], facts: Facts) -> bool:
    """Whether the encounter was for one of these units, or somebody of one took part."""
    if care.unit in units:
        return True
    for one in care.practitioners:
        theirs = facts.affiliations.get(one)
        if theirs is not None and not units.isdisjoint(theirs):
            return True
    return False
