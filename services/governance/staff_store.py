"""Keeps the staff and their duties; a changed standing and the event that states it stand or fall together."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from services.governance.model import Duty, Member, Through
from services.governance.refusals import StaffUnknownError
from services.governance.stated_rows import SOURCE, Row, StatedRows
from shared.clock import to_millisecond
from shared.events import EventRecord
from shared.events.governance import StandingChanged
from shared.mongo import Database, Mongo
from shared.outbox import Outbox
from shared.vocabulary import Profession

Rule = Callable[[Member | None], Member]
T = TypeVar("T")


class StaffStore:
    """One row per member of staff, kept after they left; each change has the next revision, and the topic gets them in that order."""

    def __init__(self, mongo: Mongo, database: Database, outbox: Outbox) -> None:
        self._stated = StatedRows(mongo, database, "staff", outbox=outbox)

    async def find(self, ident: str) -> Member | None:
        row = await self._stated.rows.find_one({"_id": ident})
        return None if row is None else _member(row)

    async def of_site(self, site: str) -> list[Member]:
        return [_member(row) async for row in self._stated.rows.find({"site": site})]

    async def of_idents(self, idents: Collection[str]) -> list[Member]:
        """Those who are or were on the staff list."""
        return [_member(row) async for row in self._stated.rows.find({"_id": {"$in": list(idents)}})]

    async def idents(self) -> set[str]:
        return {row["_id"] async for row in self._stated.rows.find({}, projection={"_id": 1})}

    async def change(self, ident: str, rule: Rule, *, now: datetime, again: bool = False) -> Member:
        """What `rule` makes of what is kept, kept and stated; nothing happens when it makes no difference, unless `again`.

        `rule` may be called more than once. Raises what it raises, and OvertakenError.
        """

        def make(row: Row | None, moment: datetime) -> tuple[Row, EventRecord] | None:
            before = None if row is None else _member(row)
            after = _kept(rule(before))
            if after == before and not again:
                return None
            after = replace(after, revision=after.revision + 1)
            return _row(after), _event(after, moment)

        changed = await self._stated.change(ident, make, now=now)
        return _member(the_one(changed))


def the_one(known: T | None) -> T:
    """Raises StaffUnknownError."""
    if known is None:
        raise StaffUnknownError
    return known


def _event(member: Member, now: datetime) -> EventRecord:
    duties = {module: duty.until for module, duty in member.duties.items()}
    stated = StandingChanged(staff=member.ident, revision=member.revision, active=member.active, duties=duties)
    return stated.to_record(source=SOURCE, now=now)


def _kept(member: Member) -> Member:
    def kept(duty: Duty) -> Duty:
        return replace(duty, until=to_millisecond(duty.until), since=to_millisecond(duty.since))

    return replace(member, duties={module: kept(duty) for module, duty in member.duties.items()})


def _row(member: Member) -> Row:
    plain = ("login", "name", "profession", "site", "unit", "active", "revision")
    duties = {
        module: {"until": duty.until, "through": str(duty.through), "since": duty.since, "by": duty.by}
        for module, duty in member.duties.items()
    }
    return {**{name: getattr(member, name) for name in plain}, "duties": duties}


def _member(row: Row) -> Member:
    duties = {module: Duty(one["until"], Through(one["through"]), one["since"], one["by"]) for module, one in row["duties"].items()}
    return Member(
        ident=row["_id"],
        login=row["login"],
        name=row["name"],
        profession=Profession(row["profession"]),
        site=row["site"],
        unit=row["unit"],
        active=row["active"],
        duties=duties,
        revision=row["revision"],
    )
