"""Takes up the staff list: who is new begins with every duty fulfilled, who is missing has left, what somebody kept up stays."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from services.governance.duties import enrolled
from services.governance.model import Member
from services.governance.module_shelf import ModuleShelf
from services.governance.staff_file import Listed
from services.governance.staff_store import StaffStore, the_one


async def take_up_staff(listed: Sequence[Listed], *, now: datetime, staff: StaffStore, modules: ModuleShelf) -> None:
    """The same list again changes nothing."""
    for person in listed:
        await staff.change(person.id, partial(_joined, person=person, required=modules.required(person.profession), now=now), now=now)
    for ident in sorted(await staff.idents() - {person.id for person in listed}):
        await staff.change(ident, _left, now=now)


def _joined(known: Member | None, *, person: Listed, required: Mapping[str, timedelta], now: datetime) -> Member:
    duties = enrolled({} if known is None else known.duties, required, now=now)
    return Member(
        ident=person.id,
        login=person.login,
        name=person.name,
        profession=person.profession,
        site=person.site,
        unit=person.unit or "",
        duties=duties,
        revision=0 if known is None else known.revision,
    )


def _left(known: Member | None) -> Member:
    return replace(the_one(known), active=False)
