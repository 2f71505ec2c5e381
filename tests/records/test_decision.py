"""The decision against a slow and obvious table, for every pair of profession, purpose, action, type and relationship."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from services.records.decision import Permit, Refusal, decide, hides
from services.records.model import Ask, Care, ChartHeader, Facts, Residual
from shared.identity import Actor
from shared.vocabulary import Action, PatientId, Profession, Purpose, Relationship

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PATIENT = PatientId("5f0c54d2-3f0a-4c52-9d6e-0a0d9f4b1c11")
ME, COLLEAGUE, STRANGER = "Practitioner/me", "Practitioner/colleague", "Practitioner/stranger"
MY_UNIT = "Organization/mine"


def an_actor(
    profession: Profession = Profession.CLINICIAN, *, purpose: str = "TREAT", site: str = "nord", patient: str | None = None
) -> Actor:
    return Actor("sub", "", profession, site, "", frozenset({purpose}), ME, PatientId(patient) if patient else None, "", "", 0)


def care(*practitioners: str, unit: str | None = None, started: float = 1.0, ended: float | None = None) -> Care:
    """Days ago."""
    return Care(frozenset(practitioners), unit, NOW - timedelta(days=started), None if ended is None else NOW - timedelta(days=ended))


def a_chart(*cares: Care, erased: bool = False) -> ChartHeader:
    return ChartHeader(PATIENT, 3, {str(number): one for number, one in enumerate(cares)}, erased=erased)


def facts(chart: ChartHeader | None, **affiliations: str) -> Facts:
    return Facts("nord", chart, {f"Practitioner/{name}": frozenset({unit}) for name, unit in affiliations.items()})


CHARTS = {
    Relationship.PARTICIPANT: facts(a_chart(care(ME))),
    Relationship.UNIT: facts(a_chart(care(COLLEAGUE)), me=MY_UNIT, colleague=MY_UNIT),
    Relationship.NONE: facts(a_chart(care(STRANGER)), me=MY_UNIT),
}
KINDS = {"Patient": "demographic", "Observation": "clinical", "Organization": "directory", "Chart": "chart"}
MATCHING = {
    "clinician": {"TREAT"},
    "clerk": {"PATADMIN"},
    "privacy-officer": {"HCOMPL", "RECORDMGT"},
    "trainer": {"TRAIN"},
    "operator": {"HSYSADMIN"},
    "patient": {"PATRQT"},
    "integration": {"RECORDMGT"},
}


def obvious(profession: str, purpose: str, action: str, kind: str, relationship: str) -> bool:
    """What anybody would say, one sentence each."""
    if purpose not in MATCHING[profession]:
        return False
    look, write = action in {"read", "search"}, action in {"create", "update", "delete"}
    if profession == "clinician":
        treats = relationship in {"participant", "unit"}
        return treats and (look or (write and kind != "directory" and not (kind == "demographic" and action != "update")))
    if profession == "clerk":
        return (kind in {"demographic", "directory"} and look) or (kind == "demographic" and action in {"create", "update"})
    if profession == "privacy-officer":
        return (kind == "directory" and look) or (action == "erase" and kind == "chart" and purpose == "RECORDMGT")
    if profession == "integration":
        return write
    if profession == "patient":
        return look and (relationship == "self" or kind == "directory")
    return kind == "directory" and look


def every_pair():
    relationships = [Relationship.PARTICIPANT, Relationship.UNIT, Relationship.SELF, Relationship.NONE]
    return itertools.product(Profession, Purpose, Action, KINDS, relationships)


class TestDecide:
    def test_agrees_with_the_obvious_table_for_every_pair(self):
        disagreements = []
        for profession, purpose, action, type_, relationship in every_pair():
            is_self = relationship is Relationship.SELF  # staff do not treat themselves: for them it is as good as none
            actor = an_actor(profession, purpose=purpose, patient=PATIENT if is_self else None)
            known = CHARTS[Relationship.NONE if is_self else relationship]
            verdict = decide(Ask(actor, purpose, action, type_, PATIENT), known, now=NOW)
            if isinstance(verdict, Permit) != obvious(profession, purpose, action, KINDS[type_], relationship):
                disagreements.append((str(profession), str(purpose), str(action), type_, str(relationship), verdict))
        assert disagreements == []

    def test_refuses_another_site(self):
        verdict = decide(Ask(an_actor(site="sud"), "TREAT", Action.READ, "Observation", PATIENT), CHARTS[Relationship.PARTICIPANT], now=NOW)
        assert isinstance(verdict, Refusal)
        assert verdict.reason == "other-site"

    @pytest.mark.parametrize("profession", list(Profession))
    def test_opens_no_erased_chart_to_anybody(self, profession: Profession):
        for purpose, action, type_ in itertools.product(Purpose, Action, KINDS):
            actor = an_actor(profession, purpose=purpose, patient=PATIENT)
            verdict = decide(Ask(actor, purpose, action, type_, PATIENT), facts(a_chart(care(ME), erased=True)), now=NOW)
            assert isinstance(verdict, Refusal)

    def test_names_the_revision_it_looked_at(self):
        verdict = decide(Ask(an_actor(), "TREAT", Action.READ, "Observation", PATIENT), CHARTS[Relationship.UNIT], now=NOW)
        assert verdict.grounds.revisions == {"chart": 3}


class TestCareRelationship:
    @pytest.mark.parametrize(
        ("known", "expected"),
        [
            (facts(a_chart(care(ME))), "participant"),
            (facts(a_chart(care(ME, started=40, ended=29.9))), "participant"),
            (facts(a_chart(care(ME, started=40, ended=30))), "none"),
            (facts(a_chart(care(ME, started=-0.9))), "participant"),
            (facts(a_chart(care(ME, started=-1.1))), "none"),
            (facts(a_chart(care(COLLEAGUE)), me=MY_UNIT, colleague=MY_UNIT), "unit"),
            (facts(a_chart(care(COLLEAGUE)), me=MY_UNIT, colleague="Organization/other"), "none"),
            (facts(a_chart(care(STRANGER, unit=MY_UNIT)), me=MY_UNIT), "unit"),
            (facts(a_chart(care(STRANGER, unit=None))), "none"),
            (facts(a_chart(care(COLLEAGUE), care(ME)), me=MY_UNIT, colleague=MY_UNIT), "participant"),
            (facts(a_chart()), "none"),
        ],
    )
    def test_lasts_as_long_as_the_encounter_and_thirty_days(self, known: Facts, expected: str):
        verdict = decide(Ask(an_actor(), "TREAT", Action.READ, "Observation", PATIENT), known, now=NOW)
        assert verdict.grounds.relationship == expected
        assert isinstance(verdict, Permit) == (expected != "none")

    def test_lasts_as_long_as_the_site_says(self):
        known = Facts("nord", a_chart(care(ME, started=40, ended=5)), {}, care_lasts=timedelta(days=4))
        assert isinstance(decide(Ask(an_actor(), "TREAT", Action.READ, "Observation", PATIENT), known, now=NOW), Refusal)

    def test_is_no_practitioner_without_a_name(self):
        """A token without fhirUser has an empty practitioner, and an encounter may have none: the two never match."""
        nameless = Actor("sub", "", Profession.CLINICIAN, "nord", "", frozenset({"TREAT"}), "", None, "", "", 0)
        verdict = decide(Ask(nameless, "TREAT", Action.READ, "Observation", PATIENT), facts(a_chart(care(STRANGER))), now=NOW)
        assert isinstance(verdict, Refusal)


class TestResidual:
    @pytest.mark.parametrize(
        ("ceiling", "labels", "hidden"),
        [
            ("R", ("V",), True),
            ("R", ("R",), False),
            ("V", ("V",), False),
            ("R", ("HTEST", "V"), True),
            ("R", (), False),
            ("R", ("HIV",), False),
            ("R", ("X",), False),
        ],
    )
    def test_hides_what_is_above_the_ceiling(self, ceiling: str, labels: tuple[str, ...], hidden: bool):
        assert hides(Residual(ceiling), labels) is hidden

    def test_is_higher_for_those_who_took_part(self):
        def ceiling(relationship: Relationship) -> str:
            verdict = decide(Ask(an_actor(), "TREAT", Action.READ, "Observation", PATIENT), CHARTS[relationship], now=NOW)
            assert isinstance(verdict, Permit)
            return verdict.residual.ceiling

        assert (ceiling(Relationship.PARTICIPANT), ceiling(Relationship.UNIT)) == ("V", "R")
