"""Keeps rows of which every change is an event, too: both stand or fall together."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from services.governance.refusals import OvertakenError
from shared.clock import to_millisecond
from shared.events import EventRecord
from shared.mongo import Database, DuplicateKeyError, Mongo
from shared.outbox import Outbox

SOURCE = "/governance"
Row = Mapping[str, Any]
Make = Callable[[Row | None, datetime], tuple[Row, EventRecord] | None]
_TICK = timedelta(milliseconds=1)
_TRIES = 5


class StatedRows:
    """`stated_at` of a row grows with each change, and the outbox is sorted by it: a clock set back brings no old word last."""

    def __init__(self, mongo: Mongo, database: Database, name: str, *, outbox: Outbox) -> None:
        self.rows = database.get_collection(name)
        self._mongo = mongo
        self._outbox = outbox

    async def change(self, ident: str, make: Make, *, now: datetime) -> Row | None:
        """The row as it then is. `make` gets what is kept and the moment, and gives the new row and its event, or None to change nothing.

        It may be called more than once. Raises what it raises, and OvertakenError.
        """

        async def work(session: Any) -> tuple[bool, Row | None]:
            before = await self.rows.find_one({"_id": ident}, session=session)
            moment = to_millisecond(now) if before is None else max(to_millisecond(now), before["stated_at"] + _TICK)
            made = make(before, moment)
            if made is None:
                return True, before
            after = {"_id": ident, **made[0], "stated_at": moment}
            return await self._write(after, before, made[1], session), after

        for _ in range(_TRIES):
            try:
                done, row = await self._mongo.transact(work)
            except DuplicateKeyError:  # two processes met the same new one
                continue
            if done:
                self._outbox.filled.set()
                return row
        raise OvertakenError

    async def _write(self, after: Row, before: Row | None, event: EventRecord, session: Any) -> bool:
        if before is None:
            await self.rows.insert_one(after, session=session)
        else:
            known = {"_id": after["_id"], "stated_at": before["stated_at"]}
            if not (await self.rows.replace_one(known, after, session=session)).matched_count:
                return False
        await self._outbox.add([event], now=after["stated_at"], session=session)
        return True
