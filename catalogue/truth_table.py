"""Asks `decide` about a clinician's read under every combination of what may stand against it; the rules in order, and who is reached."""

import itertools
from datetime import UTC, datetime, timedelta

from catalogue.markdown import code, page, table
from services.records.decision import LIFTED_BY_EMERGENCY, Permit, decide
from services.records.model import WHOLE_CHART, Ask, Care, ChartHeader, Facts, Grant, Standing
from services.records.refusals import NOT_NOW, REASONS
from shared.directive import DENY, PERMIT, Directive, Provision
from shared.identity import Actor
from shared.vocabulary import Action, PatientId, Profession, Purpose

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_PATIENT = PatientId("the-patient")
_CARE = Care(frozenset({"Practitioner/one"}), None, _NOW - timedelta(days=1), None)
_CHART = ChartHeader(_PATIENT, 1, {"encounter": _CARE})
_ACTOR = Actor("somebody", "", Profession.CLINICIAN, "here", "unit", frozenset(), "Practitioner/one", None, "", "", 0.0)
_GRANT = Grant("grant", "somebody", _PATIENT, _NOW, _NOW + timedelta(hours=4))
_IN_ORDER = Facts("here", _CHART, in_force=True, standing=Standing(1), standings_heard=True)

AGAINST = ("standing", "duties", "lease", "patient", "relationship")


def _facts(against: frozenset[str], *, emergency: bool) -> Facts:
    facts = _IN_ORDER
    if "standing" in against:
        facts = facts._replace(standings_heard=False)
    if "duties" in against:
        facts = facts._replace(standing=Standing(1, duties={"a-duty": _NOW}))
    if "lease" in against:
        facts = facts._replace(in_force=False)
    if "patient" in against:
        facts = facts._replace(directive=Directive(_PATIENT, 1, 1, (Provision(DENY, units=frozenset({"unit"})),)))
    if "relationship" in against:
        facts = facts._replace(chart=ChartHeader(_PATIENT, 1))
    return facts._replace(grant=_GRANT) if emergency else facts


def _told(facts: Facts, *, purpose: Purpose = Purpose.TREATMENT, action: Action = Action.READ, type_: str = "Observation") -> str:
    verdict = decide(Ask(_ACTOR, purpose, action, type_, _PATIENT), facts, now=_NOW)
    return "**yes**" if isinstance(verdict, Permit) else code(verdict.reason)


def truth_table() -> str:
    """Each of the 32 combinations; the first reason in the order of the rules is the one that is told."""
    rows = []
    for stands in itertools.product((False, True), repeat=len(AGAINST)):
        against = frozenset(name for name, one in zip(AGAINST, stands, strict=True) if one)
        marks = ["×" if one else "" for one in stands]
        opening = _told(_facts(against, emergency=False), action=Action.BREAK_GLASS, type_=WHOLE_CHART)
        rows.append([*marks, _told(_facts(against, emergency=False)), _told(_facts(against, emergency=True)), opening])
    columns = ("governance silent", "duty lapsed", "no lease", "patient objected", "no care relationship")
    return table((*columns, "reads", "reads in an emergency", "may open one"), rows)


def research_table() -> str:
    consents = {
        "nothing": (),
        "a consent for research": (Provision(PERMIT, purposes=frozenset({"HRESCH"})),),
        "a consent for another purpose": (Provision(PERMIT, purposes=frozenset({"TREAT"})),),
        "a consent for research, and an objection to the unit": (
            Provision(PERMIT, purposes=frozenset({"HRESCH"})),
            Provision(DENY, units=frozenset({"unit"})),
        ),
    }
    rows = [
        (said, _told(_IN_ORDER._replace(directive=Directive(_PATIENT, 1, 1, words)), purpose=Purpose.RESEARCH))
        for said, words in consents.items()
    ]
    return table(("the patient said", "research reads"), rows)


def reasons_table() -> str:
    """Every reason, in both languages."""
    said = dict(REASONS) | {reason: kind.sentence for reason, kind in NOT_NOW.items()}
    return table(
        ("reason", "English", "French", "an emergency lifts it"),
        [(code(reason), said[reason].en, said[reason].fr, "yes" if reason in LIFTED_BY_EMERGENCY else "") for reason in sorted(said)],
    )


def decision_page() -> str:
    return page(
        "The decision",
        "Made by asking `services/records/decision.py`: one pure function decides every access, one reason per line, and the first that "
        "says no is told. × marks what stands against a clinician's read of an Observation for treatment.",
        truth_table(),
        "## Research",
        "Rests on the patient's own yes, not on a care relationship.",
        research_table(),
        "## Reasons",
        reasons_table(),
    )
