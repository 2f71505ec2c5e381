"""Keeps what was found for each case and state, and tells it once, through the outbox."""

from datetime import datetime
from typing import Any

from services.audit.suspicions import SOURCE
from shared.events.audit import AffectedFound
from shared.mongo import Database, DuplicateKeyError, Mongo
from shared.outbox import Outbox


class AffectedStore:
    """A row and its event stand or fall together; the row says how many and how far, the event whom."""

    def __init__(self, mongo: Mongo, database: Database, outbox: Outbox) -> None:
        self._mongo = mongo
        self._rows = database.get_collection("affected")
        self._outbox = outbox

    async def holds(self, case: str, state: str) -> bool:
        return await self._rows.find_one({"_id": _name(case, state)}, projection={"_id": 1}) is not None

    async def read_to(self, case: str) -> int:
        """How many entries of the log were read for this case before."""
        row = await self._rows.find_one({"case": case}, sort=[("through", -1)], projection={"through": 1})
        return int(row["through"]) + 1 if row else 0

    async def keep(self, found: AffectedFound, state: str, *, now: datetime) -> None:
        """Keeping it twice changes nothing."""
        row = {"case": found.case, "patients": len(found.patients), "accesses": found.accesses, "through": found.through, "at": now}
        event = found.to_record(source=SOURCE, now=now)

        async def work(session: Any) -> None:
            await self._rows.insert_one({"_id": _name(found.case, state), **row}, session=session)
            await self._outbox.add([event], now=now, session=session)

        try:
            await self._mongo.transact(work)
        except DuplicateKeyError:
            return
        self._outbox.filled.set()

    async def ensure_indexes(self) -> None:
        """Idempotent."""
        await self._rows.create_index([("case", 1), ("through", -1)])


def _name(case: str, state: str) -> str:
    return f"{case}/{state}"
