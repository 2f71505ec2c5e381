"""Notes say what nobody downstream could know without demographics, and only when it is so."""

import pytest

from services.records.decision import Refusal
from services.records.model import Ask, Grounds
from services.records.noting import access_facts, failed
from shared.vocabulary import Action, Outcome, PatientId, Relationship
from tests.records.emergency_desk import an_actor

PATIENT = PatientId("5f0c54d2-3f0a-4c52-9d6e-0a0d9f4b1c11")
DERIVED = {"colleague", "vip", "deceased", "emergency"}


def derived(*flags: str, emergency: str | None = None, patient: PatientId | None = PATIENT) -> dict[str, object]:
    ask = Ask(an_actor(), "TREAT", Action.READ, "Observation", patient)
    refusal = Refusal(ask, "no-care-relationship", Grounds(Relationship.NONE, {"chart": 1}, emergency, frozenset(flags)))
    facts = access_facts(ask, outcome=Outcome.REFUSED, status=403, verdict=refusal)
    return {name: told for name, told in facts.items() if name in DERIVED}


class TestAccessFacts:
    @pytest.mark.parametrize(
        ("flags", "told"),
        [
            ((), {}),
            (("EMP",), {"colleague": True}),
            (("VIP",), {"vip": True}),
            (("CEL",), {"vip": True}),
            (("VIP", "CEL"), {"vip": True}),
            (("deceased",), {"deceased": True}),
            (("EMP", "VIP", "deceased"), {"colleague": True, "vip": True, "deceased": True}),
            (("OTHER",), {}),
        ],
    )
    def test_tell_what_the_chart_is_flagged_with_and_nothing_else(self, flags: tuple[str, ...], told: dict[str, bool]) -> None:
        assert derived(*flags) == told

    def test_name_the_emergency_that_was_used(self) -> None:
        assert derived(emergency="a-grant") == {"emergency": "a-grant"}
        assert derived("EMP", emergency="a-grant") == {"emergency": "a-grant", "colleague": True}

    def test_tell_nothing_of_a_patient_whom_the_note_does_not_name(self) -> None:
        assert derived("EMP", emergency="a-grant", patient=None) == {}

    def test_keep_what_was_derived_when_an_access_came_to_nothing(self) -> None:
        ask = Ask(an_actor(), "TREAT", Action.UPDATE, "Observation", PATIENT)
        refusal = Refusal(ask, "x", Grounds(Relationship.NONE, {}, None, frozenset({"EMP"})))
        facts = access_facts(ask, outcome=Outcome.ANSWERED, status=200, verdict=refusal)

        assert failed(facts, outcome=Outcome.CONFLICT, status=412, reason="version-conflict")["colleague"] is True
