"""The decision against a slow and obvious table, for every pair of profession, purpose, action, type and relationship."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.records.decision import Permit, Refusal, decide, hides
from services.records.model import Ask, Care, ChartHeader, Facts, Grant, Residual, Standing
from shared.directive import DENY, PERMIT, Directive, Provision
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


def facts(chart: ChartHeader | None, *, said: Directive | None = None, **affiliations: str) -> Facts:
    """Everything else in order: a lease, a standing without lapsed duties."""
    units = {f"Practitioner/{name}": frozenset({unit}) for name, unit in affiliations.items()}
    return Facts("nord", chart, units, directive=said, in_force=True, standing=Standing(4), standings_heard=True)


CHARTS = {
    Relationship.PARTICIPANT: facts(a_chart(care(ME))),
    Relationship.UNIT: facts(a_chart(care(COLLEAGUE)), me=MY_UNIT, colleague=MY_UNIT),
    Relationship.NONE: facts(a_chart(care(STRANGER)), me=MY_UNIT),
}
KINDS = {"Patient": "demographic", "Observation": "clinical", "Organization": "directory", "Chart": "chart"}
MATCHING = {
    "clinician": {"TREAT", "HRESCH"},
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
        if action == "break-glass":
            return kind == "chart" and purpose == "TREAT"
        if purpose == "HRESCH":  # nobody has consented
            return False
        treats = relationship in {"participant", "unit"}
        return treats and (look or (write and kind != "directory" and not (kind == "demographic" and action != "update")))
    if profession == "clerk":
        return (kind in {"demographic", "directory"} and look) or (kind == "demographic" and action in {"create", "update"})
    if profession == "privacy-officer":
        about_charts = {("erase", "RECORDMGT"), ("review", "HCOMPL")}
        return (kind == "directory" and look) or (kind == "chart" and (action, purpose) in about_charts)
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
        assert verdict.grounds.revisions == {"chart": 3, "standing": 4}


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
        known = facts(a_chart(care(ME, started=40, ended=5)))._replace(care_lasts=timedelta(days=4))
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


def an_ask(action: Action = Action.READ, *, type_: str = "Observation", actor: Actor | None = None, purpose: str = "TREAT") -> Ask:
    return Ask(actor or an_actor(purpose=purpose), purpose, action, type_, PATIENT)


def words(*provisions: Provision, erased: frozenset[str] = frozenset()) -> Directive:
    return Directive(PATIENT, 9, 1, provisions, erased)


def reason_of(ask: Ask, known: Facts) -> str | None:
    verdict = decide(ask, known, now=NOW)
    return verdict.reason if isinstance(verdict, Refusal) else None


def grant(*, hours: float = 1, staff: str = "sub") -> Grant:
    return Grant("g", staff, PATIENT, NOW - timedelta(hours=hours), NOW + timedelta(hours=4 - hours))


IN_CARE = a_chart(care(ME))
NO_LEASE = facts(IN_CARE)._replace(in_force=False)
SILENT = facts(IN_CARE)._replace(standings_heard=False)
LAPSED = facts(IN_CARE)._replace(standing=Standing(5, duties={"privacy-basics": NOW}))
LEFT = facts(IN_CARE)._replace(standing=Standing(5, active=False))
OBJECTED = facts(IN_CARE, said=words(Provision(DENY, units=frozenset({"unit-a"}))))
MY_ACTOR = replace(an_actor(), unit="unit-a")


class TestEnforcedFacts:
    @pytest.mark.parametrize(
        ("known", "expected"),
        [
            (facts(IN_CARE), None),
            (NO_LEASE, "consent-view-stale"),
            (SILENT, "standing-unknown"),
            (LAPSED, "duties-lapsed"),
            (LEFT, "not-on-staff"),
            (facts(IN_CARE)._replace(standing=None), "not-on-staff"),
            (OBJECTED, "patient-objected"),
            (facts(IN_CARE, said=words(erased=frozenset({"nord"}))), "chart-erased"),
            (facts(IN_CARE, said=words(erased=frozenset({"sud"}))), None),
            (facts(a_chart(care(STRANGER))), "no-care-relationship"),
        ],
    )
    def test_refuse_with_their_own_reason(self, known: Facts, expected: str | None) -> None:
        assert reason_of(an_ask(actor=MY_ACTOR), known) == expected

    @pytest.mark.parametrize("known", [facts(a_chart(care(STRANGER))), NO_LEASE, SILENT, LAPSED, OBJECTED])
    def test_give_way_to_an_emergency(self, known: Facts) -> None:
        verdict = decide(an_ask(actor=MY_ACTOR), known._replace(grant=grant()), now=NOW)
        assert isinstance(verdict, Permit)
        assert verdict.grounds.emergency == "g"
        assert reason_of(an_ask(Action.BREAK_GLASS, type_="Chart", actor=MY_ACTOR), known) is None

    @pytest.mark.parametrize("known", [LEFT, facts(IN_CARE, said=words(erased=frozenset({"nord"}))), facts(a_chart(erased=True))])
    def test_do_not_give_way_where_nothing_may_be_opened(self, known: Facts) -> None:
        assert reason_of(an_ask(), known._replace(grant=grant())) is not None

    @pytest.mark.parametrize("other", [grant(hours=4.1), grant(hours=-0.1), grant(staff="somebody else")])
    def test_give_way_to_a_live_grant_of_ones_own_only(self, other: Grant) -> None:
        assert reason_of(an_ask(), facts(a_chart(care(STRANGER)))._replace(grant=other)) == "no-care-relationship"

    def test_bind_neither_the_patient_nor_the_interface(self) -> None:
        themself = an_actor(Profession.PATIENT, purpose="PATRQT", patient=PATIENT)
        everyone = facts(IN_CARE, said=words(Provision(DENY)))
        assert reason_of(Ask(themself, "PATRQT", Action.READ, "Observation", PATIENT), everyone) is None
        interface = an_actor(Profession.INTEGRATION, purpose="RECORDMGT")
        assert reason_of(Ask(interface, "RECORDMGT", Action.CREATE, "Observation", PATIENT), everyone._replace(in_force=False)) is None

    def test_name_what_must_be_renewed(self) -> None:
        verdict = decide(an_ask(), LAPSED, now=NOW)
        assert isinstance(verdict, Refusal)
        assert verdict.duties == ("privacy-basics",)


def selected(**criteria: object) -> Provision:
    made = {name: frozenset(value) if isinstance(value, set) else value for name, value in criteria.items()}
    return Provision(DENY, **made)  # type: ignore[arg-type]


class TestObjection:
    @pytest.mark.parametrize(
        ("objection", "refused"),
        [
            (selected(), True),
            (selected(units={"unit-a"}), True),
            (selected(units={"unit-b"}), False),
            (selected(units={MY_UNIT}), True),
            (selected(persons={"sub"}), True),
            (selected(persons={ME}), True),
            (selected(persons={COLLEAGUE}), False),
            (selected(sites={"nord"}), True),
            (selected(sites={"sud"}), False),
            (selected(purposes={"TREAT"}), True),
            (selected(purposes={"HRESCH"}), False),
            (selected(units={"unit-a"}, purposes={"HRESCH"}), False),
            (selected(begins=NOW.timestamp()), True),
            (selected(begins=NOW.timestamp() + 1), False),
            (selected(ends=NOW.timestamp()), False),
            (selected(ends=NOW.timestamp() + 1), True),
            (selected(labels={"HIV"}), False),
            (selected(exceptions=(Provision(PERMIT, persons=frozenset({ME})),)), False),
            (selected(exceptions=(Provision(PERMIT, persons=frozenset({COLLEAGUE})),)), True),
            (selected(exceptions=(Provision(PERMIT, labels=frozenset({"N"})),)), False),
        ],
    )
    def test_reaches_whom_it_names(self, objection: Provision, refused: bool) -> None:
        known = facts(a_chart(care(ME)), said=words(objection), me=MY_UNIT)
        assert (reason_of(an_ask(actor=MY_ACTOR), known) == "patient-objected") is refused

    @pytest.mark.parametrize(
        ("objection", "labels", "hidden"),
        [
            (selected(labels={"HIV"}), ("HIV",), True),
            (selected(labels={"HIV"}), ("PSY",), False),
            (selected(labels={"HIV"}), (), False),
            (selected(labels={"R"}), ("V",), True),
            (selected(labels={"R"}), ("N",), False),
            (selected(exceptions=(Provision(PERMIT, labels=frozenset({"N"})),)), ("N",), False),
            (selected(exceptions=(Provision(PERMIT, labels=frozenset({"N"})),)), ("R",), True),
            (selected(exceptions=(Provision(PERMIT, labels=frozenset({"N"})),)), ("N", "PSY"), True),
            (selected(exceptions=(Provision(PERMIT, labels=frozenset({"N", "PSY"})),)), ("N", "PSY"), False),
        ],
    )
    def test_takes_labelled_resources_out(self, objection: Provision, labels: tuple[str, ...], hidden: bool) -> None:
        verdict = decide(an_ask(), facts(a_chart(care(ME)), said=words(objection)), now=NOW)
        assert isinstance(verdict, Permit)
        assert hides(verdict.residual, labels) is hidden

    def test_wins_over_a_permit_beside_it(self) -> None:
        known = facts(IN_CARE, said=words(Provision(PERMIT), Provision(DENY)))
        assert reason_of(an_ask(), known) == "patient-objected"


class TestConsent:
    def test_opens_research_without_a_care_relationship(self) -> None:
        ask = an_ask(purpose="HRESCH")
        stranger = a_chart(care(STRANGER))
        assert reason_of(ask, facts(stranger)) == "no-consent"
        assert reason_of(ask, facts(stranger, said=words(Provision(PERMIT, purposes=frozenset({"HRESCH"}))))) is None
        assert (
            reason_of(ask, facts(stranger, said=words(Provision(PERMIT, purposes=frozenset({"HRESCH"}), sites=frozenset({"sud"})))))
            == "no-consent"
        )

    def test_shows_what_it_names_and_no_more(self) -> None:
        said = words(Provision(PERMIT, purposes=frozenset({"HRESCH"}), labels=frozenset({"N"})))
        verdict = decide(an_ask(purpose="HRESCH"), facts(a_chart(), said=said), now=NOW)
        assert isinstance(verdict, Permit)
        assert [hides(verdict.residual, labels) for labels in ((), ("N",), ("R",), ("N", "HIV"))] == [False, False, True, True]

    def test_never_opens_care(self) -> None:
        assert reason_of(an_ask(), facts(a_chart(care(STRANGER)), said=words(Provision(PERMIT)))) == "no-care-relationship"
