"""What a patient is told as one visit: one day, one person's place, one reason, one outcome."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.portal.places import Place, Places
from services.portal.trail.visits import visits

PARIS = ZoneInfo("Europe/Paris")
PLACES = Places({"nord": Place(name="Hôpital Nord", units={"nord-urgences": "Urgences"})})


def an_access(index: int, time: str = "2026-11-26T10:00:00.000Z", **more: Any) -> dict[str, Any]:
    known = {"index": index, "time": time, "action": "read", "resourceType": "Observation", "outcome": "answered", "reason": None}
    known |= {"purpose": "TREAT", "relationship": "unit", "profession": "clinician", "unit": "nord-urgences", "site": "nord"}
    return known | {"emergency": False} | more


class TestVisits:
    def test_join_what_says_the_same_on_one_day(self) -> None:
        found = visits(
            [an_access(9, "2026-11-26T15:00:00Z", resourceType="Condition"), an_access(8, purpose="HRESCH"), an_access(7)], PARIS, PLACES
        )

        assert [(visit.numbers, visit.types, visit.first, visit.last) for visit in found] == [
            ([9, 7], ["Condition", "Observation"], "2026-11-26T10:00:00.000Z", "2026-11-26T15:00:00Z"),
            ([8], ["Observation"], "2026-11-26T10:00:00.000Z", "2026-11-26T10:00:00.000Z"),
        ]
        assert found[0].place == "Urgences, Hôpital Nord"

    @pytest.mark.parametrize(
        "other",
        [
            {"outcome": "refused"},
            {"unit": "nord-medecine"},
            {"profession": "clerk"},
            {"emergency": True},
            {"relationship": "none"},
            {"action": "update"},
            {"actor": "another"},
        ],
    )
    def test_keep_apart_what_differs_for_the_patient(self, other: dict[str, Any]) -> None:
        assert len(visits([an_access(2), an_access(1, **other)], PARIS, PLACES)) == 2

    @pytest.mark.parametrize(
        ("more", "deed"),
        [
            ({"action": "erase", "step": "proposed"}, "prepare-erasure"),
            ({"action": "erase", "step": "listed"}, "prepare-erasure"),
            ({"action": "erase", "step": "destroyed"}, "erase"),
            ({"action": "erase", "step": "resumed"}, "erase"),
            ({"step": "opened"}, "break-glass"),
            ({"step": None}, "ask-emergency"),
            ({"step": "opened", "outcome": "not-found"}, "ask-emergency"),
        ],
    )
    def test_call_a_thing_done_only_what_was_done(self, more: dict[str, Any], deed: str) -> None:
        (visit,) = visits([an_access(1, **({"action": "break-glass"} | more))], PARIS, PLACES)

        assert visit.deed == deed

    def test_end_at_midnight_where_the_patient_lives(self) -> None:
        late, after = "2026-11-26T22:59:00Z", "2026-11-26T23:01:00Z"

        assert [visit.numbers for visit in visits([an_access(2, after), an_access(1, late)], PARIS, PLACES)] == [[2], [1]]

    def test_take_what_can_no_longer_be_opened(self) -> None:
        (visit,) = visits([dict.fromkeys(an_access(0)) | {"index": 4}], PARIS, PLACES)

        assert (visit.numbers, visit.place, visit.refused, visit.own) == ([4], "", False, False)
