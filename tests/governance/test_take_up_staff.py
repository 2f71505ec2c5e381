"""What a staff file changes, and what it leaves alone."""

from dataclasses import replace
from datetime import timedelta

from services.governance.model import Duty, Through
from services.governance.take_up_staff import take_up_staff
from shared.vocabulary import Profession
from tests.governance.governance_desk import MODULES, NOW, MemoryStaff, a_duty, a_listed, a_member

LATER = NOW + timedelta(days=10)


async def take_up(staff: MemoryStaff, *listed, now=NOW) -> None:
    await take_up_staff(listed, now=now, staff=staff, modules=MODULES)


class TestTakeUpStaff:
    async def test_gives_who_is_new_every_duty_of_the_profession(self) -> None:
        staff = MemoryStaff()

        await take_up(staff, a_listed("doctor", profession="clinician"), a_listed("clerk", unit=None))

        assert {module: duty.until - NOW for module, duty in staff.members["doctor"].duties.items()} == {
            "basics": timedelta(days=365),
            "clinic": timedelta(days=30),
        }
        assert set(staff.members["clerk"].duties) == {"basics"}
        assert [(one.ident, one.revision, one.active) for one in staff.stated] == [("doctor", 1, True), ("clerk", 1, True)]

    async def test_changes_nothing_when_the_file_is_the_same(self) -> None:
        staff = MemoryStaff()
        await take_up(staff, a_listed("doctor", profession="clinician"), a_listed("clerk"))
        staff.stated.clear()

        await take_up(staff, a_listed("clerk"), a_listed("doctor", profession="clinician"), now=LATER)

        assert not staff.stated

    async def test_lets_who_is_missing_leave_once(self) -> None:
        staff = MemoryStaff([a_member("clerk"), a_member("leaver")])

        for _ in range(2):
            await take_up(staff, a_listed("clerk"))

        assert [(one.ident, one.active) for one in staff.stated] == [("leaver", False)]
        assert staff.members["leaver"].duties == {"basics": a_duty()}

    async def test_gives_who_comes_back_no_new_date(self) -> None:
        lapsed = a_duty(days=-3, through=Through.PASSED)
        staff = MemoryStaff([a_member("clerk", active=False, duties={"basics": lapsed}, revision=7)])

        await take_up(staff, a_listed("clerk"))

        assert (staff.members["clerk"].active, staff.members["clerk"].duties) == (True, {"basics": lapsed})
        assert staff.members["clerk"].revision == 8

    async def test_follows_a_move_to_another_site_and_profession(self) -> None:
        passed = a_duty(days=200, through=Through.PASSED)
        staff = MemoryStaff([a_member("x", duties={"basics": passed})])

        await take_up(staff, a_listed("x", profession="clinician", site="sud"))

        moved = staff.members["x"]
        assert (moved.site, moved.unit, moved.profession) == ("sud", "sud-unit", Profession.CLINICIAN)
        assert moved.duties == {"basics": passed, "clinic": Duty(NOW + timedelta(days=30), Through.ENROLLED, NOW)}

    async def test_gives_a_duty_that_is_new_and_takes_one_that_is_no_more(self) -> None:
        staff = MemoryStaff([replace(a_member("doctor", profession="clinician"), duties={"basics": a_duty(), "old": a_duty(days=-1)})])

        await take_up(staff, a_listed("doctor", profession="clinician"))

        assert set(staff.members["doctor"].duties) == {"basics", "clinic"}
