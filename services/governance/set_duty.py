"""Sets until when somebody's duty holds, by a trainer's word: after training in a room, or to have it taken again."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.governance.duties import set_by
from services.governance.model import Member
from services.governance.module_shelf import ModuleShelf
from services.governance.permissions import Asker, may_see_staff, may_set_duty
from services.governance.refusals import DateTooFarError, ModuleUnknownError, require
from services.governance.staff_store import StaffStore, the_one


@dataclass(frozen=True, slots=True)
class NewDate:
    """Whose duty, in which module, shall hold until when."""

    staff: str
    module: str
    until: datetime


async def set_duty(asker: Asker, wanted: NewDate, *, now: datetime, staff: StaffStore, modules: ModuleShelf) -> Member:
    """Raises TaskRefusedError, StaffUnknownError, ModuleUnknownError or DateTooFarError."""
    require(may_see_staff(asker))
    latest = now + modules.fetch(wanted.module).lasts

    def changed(known: Member | None) -> Member:
        member = the_one(known)
        require(may_set_duty(asker, member))
        if wanted.module not in member.duties:
            raise ModuleUnknownError
        if wanted.until > latest:
            raise DateTooFarError
        duty = set_by(member.duties[wanted.module], wanted.until, asker.member.ident, now=now)
        return replace(member, duties={**member.duties, wanted.module: duty})

    return await staff.change(wanted.staff, changed, now=now)
