"""Decides every access: pure, no I/O, one reason per line; the only maker of a Permit."""

from dataclasses import dataclass
from datetime import datetime

from services.records.care_relationship import relation
from services.records.consents import CONFIDENTIALITY, applicable, forbids_all, may_forbid, outcome
from services.records.model import Ask, Facts, Grounds, LabelProvision, Residual
from services.records.roles import BOUND_BY_PATIENTS, NEEDS_CONSENT, OPEN_TO_PATIENTS, PURPOSES, STAFF, may
from shared.directive import DENY, PERMIT, Directive
from shared.vocabulary import Action, Profession, Relationship

LIFTED_BY_EMERGENCY = frozenset({"standing-unknown", "duties-lapsed", "consent-view-stale", "patient-objected", "no-care-relationship"})
"""Refusals that a clinician's broken glass overrides."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave for one ask on one chart; the only thing that opens sealed bytes. Made by `decide` and nowhere else."""

    ask: Ask
    grounds: Grounds
    residual: Residual
    directive: Directive | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """No, for one stated reason; `grounds` says what was looked at, `duties` which must be renewed."""

    ask: Ask
    reason: str
    grounds: Grounds
    duties: tuple[str, ...] = ()


def decide(ask: Ask, facts: Facts, *, now: datetime) -> Permit | Refusal:
    """The rules in order; the first that says no names the reason."""
    relationship = relation(ask, facts, now)
    grant = facts.grant if facts.grant is not None and facts.grant.covers(now) and facts.grant.staff == ask.actor.ident else None
    flags = frozenset[str]() if facts.chart is None else facts.chart.flags
    grounds = Grounds(relationship, _revisions(facts), None if grant is None else grant.ident, flags)
    reason = _barred(ask, facts, relationship)
    if reason is None and grant is not None and ask.actor.profession is Profession.CLINICIAN:
        return Permit(ask, grounds, Residual("V"), facts.directive)
    words = _words_for(ask, facts, now)
    reason = reason or _ordinary(ask, facts, relationship, words, now)
    if reason is not None:
        return Refusal(ask, reason, grounds, _duties(reason, facts, now))
    return Permit(ask, grounds, _residual(ask, relationship, words), facts.directive)


def _barred(ask: Ask, facts: Facts, relationship: Relationship) -> str | None:
    """What no emergency opens."""
    profession, chart = ask.actor.profession, facts.chart
    if ask.purpose not in PURPOSES[profession]:
        return "purpose-not-for-profession"
    if ask.actor.site != facts.site:
        return "other-site"
    if not may(ask):
        return "not-for-this-role"
    if (chart is not None and chart.erased) or (facts.directive is not None and facts.site in facts.directive.erased):
        return "chart-erased"
    if profession is Profession.PATIENT and relationship is not Relationship.SELF and ask.type not in OPEN_TO_PATIENTS:
        return "not-your-own-chart"
    if profession in STAFF and facts.standings_heard and (facts.standing is None or not facts.standing.active):
        return "not-on-staff"
    return None


def _ordinary(ask: Ask, facts: Facts, relationship: Relationship, words: tuple[LabelProvision, ...], now: datetime) -> str | None:
    """What an emergency overrides; opening one needs none of it."""
    profession = ask.actor.profession
    if ask.action is Action.BREAK_GLASS:
        return None
    if profession in STAFF and not facts.standings_heard:
        return "standing-unknown"
    if profession in STAFF and facts.standing is not None and facts.standing.lapsed(now):
        return "duties-lapsed"
    if facts.chart is None:
        return None
    if not facts.in_force and ask.action is not Action.ERASE and profession is not Profession.INTEGRATION:
        return "consent-view-stale"
    if any(map(forbids_all, words)):
        return "patient-objected"
    if ask.purpose in NEEDS_CONSENT and not any(one.type == PERMIT for one in words):
        return "no-consent"
    if profession is Profession.CLINICIAN and ask.purpose not in NEEDS_CONSENT and relationship is Relationship.NONE:
        return "no-care-relationship"
    return None


def _words_for(ask: Ask, facts: Facts, now: datetime) -> tuple[LabelProvision, ...]:
    """What the patient has said that concerns this ask; not to themselves, nor to those who keep the record whole or end it."""
    if facts.directive is None or ask.actor.profession not in BOUND_BY_PATIENTS:
        return ()
    units = facts.affiliations.get(ask.actor.practitioner, frozenset())
    return applicable(facts.directive.provisions, ask, units, now=now)


def _revisions(facts: Facts) -> dict[str, int]:
    found = {} if facts.chart is None else {"chart": facts.chart.revision}
    if facts.directive is not None:
        found["directive"] = facts.directive.number
    if facts.standing is not None:
        found["standing"] = facts.standing.revision
    return found


def _duties(reason: str, facts: Facts, now: datetime) -> tuple[str, ...]:
    return tuple(facts.standing.lapsed(now)) if reason == "duties-lapsed" and facts.standing is not None else ()


def _residual(ask: Ask, relationship: Relationship, words: tuple[LabelProvision, ...]) -> Residual:
    """Very restricted resources are for those who took part themselves, and for the patient."""
    ceiling = "V" if relationship in {Relationship.PARTICIPANT, Relationship.SELF} else "R"
    denying = tuple(filter(may_forbid, words))
    if ask.purpose in NEEDS_CONSENT:
        return Residual(ceiling, denying, tuple(one for one in words if one.type == PERMIT))
    return Residual(ceiling, denying) if denying else _OPEN[ceiling]


_OPEN = {ceiling: Residual(ceiling) for ceiling in ("R", "V")}
"""For most reads the patient has taken nothing out."""


def hides(residual: Residual, labels: tuple[str, ...]) -> bool:
    """Whether any confidentiality label is above the ceiling, or the patient's words take this resource out."""
    ceiling = CONFIDENTIALITY.index(residual.ceiling)
    if any(label in CONFIDENTIALITY and CONFIDENTIALITY.index(label) > ceiling for label in labels if len(label) == 1):
        return True
    if any(outcome(one, labels) == DENY for one in residual.denying):
        return True
    return residual.granting is not None and not any(outcome(one, labels) == PERMIT for one in residual.granting)
