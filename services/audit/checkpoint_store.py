"""Keeps the latest checkpoint of each log, and the last one of every minute before."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from services.audit.checkpoint import Checkpoint
from services.audit.model import Log
from services.audit.suspicions import SOURCE
from shared.events.audit import CheckpointSigned
from shared.mongo import Database, DuplicateKeyError, Mongo
from shared.outbox import Outbox


class CheckpointLostError(Exception):
    """A checkpoint at least as large was kept meanwhile."""


class CheckpointStore:
    """A checkpoint and its event stand or fall together; the latest never shrinks."""

    def __init__(self, mongo: Mongo, database: Database, outbox: Outbox) -> None:
        self._mongo = mongo
        self._rows = database.get_collection("checkpoints")
        self._outbox = outbox

    async def ensure_indexes(self) -> None:
        """Idempotent."""
        await self._rows.create_index([("origin", 1), ("size", 1)])

    async def latest(self, log: Log) -> str | None:
        """The signed note."""
        row = await self._rows.find_one({"_id": log.origin})
        return str(row["note"]) if row else None

    async def signed_at(self, log: Log) -> datetime | None:
        """When the latest was kept."""
        row = await self._rows.find_one({"_id": log.origin}, projection={"at": 1})
        return row["at"] if row else None

    async def every(self, log: Log) -> AsyncIterator[str]:
        """All signed notes that are kept, smallest first."""
        async for row in self._rows.find({"origin": log.origin}).sort("size", 1):
            yield str(row["note"])

    async def keep(self, checkpoint: Checkpoint, note: str, *, now: datetime) -> None:
        """Raises CheckpointLostError."""
        row = {"origin": checkpoint.origin, "size": checkpoint.size, "note": note, "at": now}
        event = CheckpointSigned(origin=checkpoint.origin, size=checkpoint.size, note=note).to_record(source=SOURCE, now=now)

        async def work(session: Any) -> None:
            smaller = {"_id": checkpoint.origin, "size": {"$lt": checkpoint.size}}
            await self._rows.replace_one(smaller, row, upsert=True, session=session)
            await self._rows.replace_one({"_id": f"{checkpoint.origin}@{now:%Y-%m-%dT%H:%M}"}, row, upsert=True, session=session)
            await self._outbox.add([event], now=now, session=session)

        try:
            await self._mongo.transact(work)
        except DuplicateKeyError as error:
            raise CheckpointLostError from error
        self._outbox.filled.set()
