"""What is looked at once more between the note and the answer: without it a read would be answered by what held before."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest

from services.records.decision import Permit, decide
from services.records.desk import Desk
from services.records.model import Facts, Grant
from shared.directive import DENY, Directive, Provision
from shared.vocabulary import Profession
from tests.records.test_decision import IN_CARE, NOW, PATIENT, an_actor, an_ask, facts, grant, words


@dataclass
class Known:
    """What `Desk.still_holds` looks at."""

    directive: Directive | None = None
    in_force: bool = True
    erased: set[str] = field(default_factory=set)

    def holds(self, permit: Permit) -> bool:
        enforcement = SimpleNamespace(look=lambda _patient: (self.directive, self.in_force))
        return Desk.still_holds(SimpleNamespace(site="nord", headers=SimpleNamespace(erased=self.erased), enforcement=enforcement), permit)  # type: ignore[arg-type]


def permitted(known: Facts = facts(IN_CARE), *, emergency: Grant | None = None) -> Permit:  # noqa: B008 - frozen
    verdict = decide(an_ask(), known._replace(grant=emergency), now=NOW)
    assert isinstance(verdict, Permit)
    return verdict


NEWER = words(Provision(DENY))
ERASED = words(erased=frozenset({"nord"}))


class TestStillHolds:
    @pytest.mark.parametrize(
        ("known", "holds"),
        [
            (Known(), True),
            (Known(in_force=False), False),
            (Known(directive=NEWER), False),
            (Known(directive=ERASED), False),
            (Known(erased={PATIENT}), False),
        ],
    )
    def test_says_no_once_anything_has_changed(self, known: Known, holds: bool) -> None:
        assert known.holds(permitted()) is holds

    def test_compares_the_number_that_was_decided_on(self) -> None:
        said = words(Provision(DENY, units=frozenset({"elsewhere"})))
        permit = permitted(facts(IN_CARE, said=said))

        assert Known(directive=said).holds(permit)
        assert not Known(directive=said._replace(number=said.number + 1)).holds(permit)
        assert not Known().holds(permit)

    @pytest.mark.parametrize(
        ("known", "holds"),
        [(Known(in_force=False), True), (Known(directive=NEWER), True), (Known(directive=ERASED), False)],
    )
    def test_leaves_an_emergency_open_except_for_an_erased_chart(self, known: Known, holds: bool) -> None:
        assert known.holds(permitted(emergency=grant())) is holds

    def test_binds_no_interface(self) -> None:
        actor = an_actor(Profession.INTEGRATION, purpose="RECORDMGT")
        ask = replace(an_ask(), actor=actor, purpose="RECORDMGT", action="create")
        verdict = decide(ask, facts(IN_CARE), now=NOW)

        assert isinstance(verdict, Permit)
        assert Known(in_force=False).holds(verdict)
