"""Has a member of staff reminded of a duty, by a trainer's word: once a day at most."""

from dataclasses import dataclass
from datetime import datetime

from services.governance.duties import is_due
from services.governance.model import Reminder
from services.governance.permissions import Asker, may_remind, may_see_staff
from services.governance.refusals import DutyNotDueError, ModuleUnknownError, require
from services.governance.reminder_store import ReminderStore
from services.governance.staff_store import StaffStore, the_one
from shared.clock import to_millisecond


@dataclass(frozen=True, slots=True)
class Reminding:
    """`sent` is whether this asking had it sent; else the one of before stands."""

    last: Reminder
    sent: bool


async def remind_of_duty(asker: Asker, ident: str, module: str, *, now: datetime, staff: StaffStore, reminders: ReminderStore) -> Reminding:
    """Raises TaskRefusedError, StaffUnknownError, ModuleUnknownError or DutyNotDueError."""
    require(may_see_staff(asker))
    member = the_one(await staff.find(ident))
    require(may_remind(asker, member))
    if module not in member.duties:
        raise ModuleUnknownError
    if not is_due(member, module, now):
        raise DutyNotDueError
    wanted = Reminder(ident, module, member.site, asker.member.ident, to_millisecond(now))
    return Reminding(*await reminders.keep(wanted, valid_until=member.duties[module].until))
