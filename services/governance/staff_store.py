"""Keeps the staff and their duties; a changed standing and the event that states it stand or fall together."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.governance.model import Duty, Member, Through
from services.governance.refusals import OvertakenError, StaffUnknownError
from shared.clock import to_millisecond
from shared.events.governance import StandingChanged
from shared.mongo import Database, DuplicateKeyError, Mongo
from shared.outbox import Outbox
from shared.vocabulary import Profession

SOURCE = "/governance"
Rule = Callable[[Member | None], Member]
_TICK = timedelta(milliseconds=1)
_TRIES = 5


class StaffStore:
    """One row per member of staff, kept after they left; each change has the next revision, and the topic gets them in that order."""

    def __init__(self, mongo: Mongo, database: Database, outbox: Outbox) -> None:
        self._mongo = mongo
        self._rows = database.get_collection("staff")
        self._outbox = outbox

    async def find(self, ident: str) -> Member | None:
        row = await self._rows.find_one({"_id": ident})
        return None if row is None else _member(row)

    async def of_site(self, site: str) -> list[Member]:
        return [_member(row) async for row in self._rows.find({"site": site})]

    async def of_idents(self, idents: Collection[str]) -> list[Member]:
        """Those who are or were on the staff list."""
        return [_member(row) async for row in self._rows.find({"_id": {"$in": list(idents)}})]

    async def idents(self) -> set[str]:
        return {row["_id"] async for row in self._rows.find({}, projection={"_id": 1})}

    async def change(self, ident: str, rule: Rule, *, now: datetime, again: bool = False) -> Member:
        """What `rule` makes of what is kept, kept and stated; nothing happens when it makes no difference, unless `again`.

        `rule` may be called more than once. Raises what it raises, and OvertakenError.
        """

        async def work(session: Any) -> Member | None:
            row = await self._rows.find_one({"_id": ident}, session=session)
            before = None if row is None else _member(row)
            after = _kept(rule(before))
            if after == before and not again:
                return after
            after = replace(after, revision=after.revision + 1)
            moment = to_millisecond(now) if row is None else max(to_millisecond(now), row["stated_at"] + _TICK)
            return after if await self._write(after, row, moment, session) else None

        for _ in range(_TRIES):
            try:
                changed = await self._mongo.transact(work)
            except DuplicateKeyError:  # two processes met the same new member
                continue
            if changed is not None:
                self._outbox.filled.set()
                return changed
        raise OvertakenError

    async def _write(self, member: Member, before: Mapping[str, Any] | None, moment: datetime, session: Any) -> bool:
        """The moment grows with the revision, and the outbox is sorted by it: a clock set back brings no old standing last."""
        row = _row(member, moment)
        if before is None:
            await self._rows.insert_one(row, session=session)
        else:
            result = await self._rows.replace_one({"_id": member.ident, "stated_at": before["stated_at"]}, row, session=session)
            if not result.matched_count:
                return False
        await self._outbox.add([_event(member, moment)], now=moment, session=session)
        return True


def the_one(known: Member | None) -> Member:
    """Raises StaffUnknownError."""
    if known is None:
        raise StaffUnknownError
    return known


def _event(member: Member, now: datetime) -> Any:
    duties = {module: duty.until for module, duty in member.duties.items()}
    stated = StandingChanged(staff=member.ident, revision=member.revision, active=member.active, duties=duties)
    return stated.to_record(source=SOURCE, now=now)


def _kept(member: Member) -> Member:
    def kept(duty: Duty) -> Duty:
        return replace(duty, until=to_millisecond(duty.until), since=to_millisecond(duty.since))

    return replace(member, duties={module: kept(duty) for module, duty in member.duties.items()})


def _row(member: Member, moment: datetime) -> dict[str, Any]:
    plain = ("login", "name", "profession", "site", "unit", "active", "revision")
    duties = {
        module: {"until": duty.until, "through": str(duty.through), "since": duty.since, "by": duty.by}
        for module, duty in member.duties.items()
    }
    return {"_id": member.ident, **{name: getattr(member, name) for name in plain}, "duties": duties, "stated_at": moment}


def _member(row: Mapping[str, Any]) -> Member:
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
