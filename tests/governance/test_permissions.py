"""Who may do what with staff and duties, case by case."""

import pytest
from fastapi.routing import APIRoute

from services.governance.api import router
from services.governance.permissions import GUARDS, LEARNERS, Asker, may_enter, may_lock, may_remind, may_see_staff, may_set_duty, may_take
from services.governance.refusals import REASONS
from shared.vocabulary import Profession
from tests.governance.governance_desk import a_member

CLERK, TRAINER = a_member("clerk"), a_member("trainer", profession="trainer")
ELSEWHERE = a_member("clerk-sud", site="sud")


class TestMayEnter:
    @pytest.mark.parametrize("profession", Profession)
    def test_lets_staff_in_and_nobody_else(self, profession: Profession) -> None:
        assert may_enter(profession, CLERK) == (None if profession in LEARNERS else "staff-only")

    @pytest.mark.parametrize("member", [None, a_member(active=False)], ids=["unknown", "left"])
    def test_refuses_whoever_is_not_on_the_list_now(self, member) -> None:
        assert may_enter(Profession.CLERK, member) == "not-on-staff-list"


class TestMayTake:
    @pytest.mark.parametrize(("module", "reason"), [("basics", None), ("clinic", "not-your-module")])
    def test_is_about_ones_own_duties(self, module: str, reason: str | None) -> None:
        assert may_take(Asker(Profession.CLERK, CLERK), module) == reason


class TestMaySeeStaff:
    @pytest.mark.parametrize(
        ("says_token", "says_list", "reason"),
        [
            (Profession.TRAINER, TRAINER, None),
            (Profession.TRAINER, CLERK, "trainers-only"),
            (Profession.CLERK, TRAINER, "trainers-only"),
            (Profession.PRIVACY_OFFICER, CLERK, "trainers-only"),
            (Profession.OPERATOR, CLERK, "trainers-only"),
        ],
    )
    def test_needs_a_trainer_by_token_and_by_list(self, says_token, says_list, reason) -> None:
        assert may_see_staff(Asker(says_token, says_list)) == reason


class TestMaySetDuty:
    @pytest.mark.parametrize(
        ("asker", "of", "reason"),
        [
            (Asker(Profession.TRAINER, TRAINER), CLERK, None),
            (Asker(Profession.TRAINER, TRAINER), a_member("other", profession="trainer"), None),
            (Asker(Profession.TRAINER, TRAINER), ELSEWHERE, "other-site-staff"),
            (Asker(Profession.TRAINER, TRAINER), TRAINER, "not-your-own-duty"),
            (Asker(Profession.CLERK, CLERK), CLERK, "trainers-only"),
        ],
    )
    def test_is_for_a_trainer_of_the_same_site_and_never_for_oneself(self, asker, of, reason) -> None:
        assert may_set_duty(asker, of) == reason


class TestMayRemind:
    @pytest.mark.parametrize(
        ("asker", "of", "reason"),
        [
            (Asker(Profession.TRAINER, TRAINER), CLERK, None),
            (Asker(Profession.TRAINER, TRAINER), TRAINER, None),
            (Asker(Profession.TRAINER, TRAINER), ELSEWHERE, "other-site-staff"),
            (Asker(Profession.TRAINER, CLERK), CLERK, "trainers-only"),
        ],
    )
    def test_is_for_a_trainer_of_the_same_site(self, asker, of, reason) -> None:
        assert may_remind(asker, of) == reason


class TestMayLock:
    @pytest.mark.parametrize(
        ("profession", "member", "reason"),
        [
            (Profession.INTEGRATION, None, None),
            (Profession.TRAINER, TRAINER, None),
            (Profession.TRAINER, CLERK, "guards-only"),
            (Profession.TRAINER, None, "guards-only"),
            (Profession.TRAINER, a_member("gone", profession="trainer", active=False), "guards-only"),
            (Profession.CLERK, CLERK, "guards-only"),
            (Profession.PATIENT, None, "guards-only"),
        ],
    )
    def test_is_for_the_endpoint_agent_and_security_officers(self, profession, member, reason) -> None:
        assert may_lock(profession, member) == reason


class TestReasons:
    def test_are_said_in_both_languages(self) -> None:
        assert [name for name, said in REASONS.items() if not said.en or not said.fr or said.en == said.fr] == []


class TestRoutes:
    def test_each_says_for_whom_it_is(self) -> None:
        declared = {
            f"{method} {route.path}": (route.openapi_extra or {}).get("x-professions")
            for route in router.routes
            if isinstance(route, APIRoute)
            for method in route.methods or ()
        }

        assert declared == {
            "GET /modules": sorted(LEARNERS),
            "GET /modules/{ident}": sorted(LEARNERS),
            "POST /modules/{ident}/attempts": sorted(LEARNERS),
            "GET /me/standing": sorted(LEARNERS),
            "GET /staff": ["trainer"],
            "PUT /staff/{ident}/duties/{module}": ["trainer"],
            "POST /staff/{ident}/duties/{module}/reminder": ["trainer"],
            "PUT /workstations/{ident}/lock": sorted(GUARDS),
            "DELETE /workstations/{ident}/lock": sorted(GUARDS),
            "GET /status": ["operator", "privacy-officer"],
            "GET /names": ["patient", "privacy-officer", "trainer"],
        }
