"""Keeps sealed resources in MongoDB, each version bound to its place, and changes them together with their notes."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from services.records.model import SealedRecord
from shared.coalescing import Coalesced
from shared.errors import AnticipatedError, Sentence
from shared.mongo import Database

_BATCH = 200


class VersionConflictError(AnticipatedError):
    """Somebody else wrote a newer version first."""

    slug: ClassVar[str] = "version-conflict"
    status: ClassVar[int] = 412
    fhir_code: ClassVar[str] = "conflict"
    sentence: ClassVar[Sentence] = Sentence(
        "This resource was changed meanwhile. Read it again, then repeat your change.",
        "Cette ressource a été modifiée entre-temps. Relisez-la, puis refaites votre modification.",
    )


@dataclass(frozen=True, slots=True)
class Replacement:
    """A new version in place of the one that was read; `before` None for a resource that is new."""

    after: SealedRecord
    before: SealedRecord | None = None


class RecordStore:
    """`resources` holds the current version of each, `versions` every earlier one; ids, versions and times are all that is in clear."""

    def __init__(self, database: Database) -> None:
        self._current = database.get_collection("resources")
        self._earlier = database.get_collection("versions")
        self._lookups: Coalesced[str, SealedRecord] = Coalesced(self._load)

    async def find(self, address: str) -> SealedRecord | None:
        """By `Type/id`; lookups of the same moment share one query."""
        return await self._lookups.get(address)

    async def find_many(self, addresses: Sequence[str]) -> dict[str, SealedRecord]:
        return await self._load(list(addresses))

    async def of_owner(self, owner: str, *, types: Sequence[str] | None = None) -> list[SealedRecord]:
        """Everything current of one owner, deleted ones left out, newest first."""
        query: dict[str, Any] = {"owner": owner, "deleted": False}
        if types is not None:
            query["type"] = {"$in": list(types)}
        rows = await self._current.find(query).sort([("at", -1), ("_id", 1)]).to_list(length=None)
        return [_record(row) for row in rows]

    async def newest_of(self, owner: str, *, types: Sequence[str] | None, after: str | None) -> AsyncIterator[SealedRecord]:
        """As a stream: current ones of one owner, deleted ones left out, the newest first, those that follow the one called `after`."""
        query: dict[str, Any] = {"owner": owner, "deleted": False} | ({} if types is None else {"type": {"$in": list(types)}})
        last = await self._current.find_one({"_id": after, "owner": owner}, projection={"at": 1}) if after else None
        if last:
            query["$or"] = [{"at": {"$lt": last["at"]}}, {"at": last["at"], "_id": {"$gt": after}}]
        async for row in self._current.find(query).sort([("at", -1), ("_id", 1)]).batch_size(_BATCH):
            yield _record(row)

    async def replace(self, changes: Sequence[Replacement], *, session: Any) -> None:
        """Within a transaction. Raises VersionConflictError when a `before` is not the current version any more."""
        new = [_row(change.after) for change in changes if change.before is None]
        if new:
            await self._current.insert_many(new, session=session)
        for change in changes:
            if change.before is not None:
                await self._replace_one(change.before, change.after, session)

    async def _replace_one(self, before: SealedRecord, after: SealedRecord, session: Any) -> None:
        result = await self._current.replace_one({"_id": before.address, "version": before.version}, _row(after), session=session)
        if result.matched_count != 1:
            raise VersionConflictError
        await self._earlier.insert_one({**_row(before), "_id": f"{before.address}/{before.version}"}, session=session)

    async def written_by(self, note: str, address: str) -> bool:
        """Whether the transaction that carried this note was committed, told by any one resource that it wrote."""
        row = await self._current.find_one({"_id": address, "note": note}) or await self._earlier.find_one(
            {"_id": {"$gte": f"{address}/", "$lt": f"{address}/~"}, "note": note}
        )
        return row is not None

    async def _load(self, addresses: list[str]) -> dict[str, SealedRecord]:
        rows = await self._current.find({"_id": {"$in": addresses}}).to_list(length=None)
        return {row["_id"]: _record(row) for row in rows}


def _row(record: SealedRecord) -> dict[str, Any]:
    return {
        "_id": record.address,
        "type": record.type,
        "owner": record.owner,
        "version": record.version,
        "at": record.updated_at,
        "sealed": record.sealed,
        "deleted": record.deleted,
        "note": record.note,
    }


def _record(row: Mapping[str, Any]) -> SealedRecord:
    type_, ident = row["_id"].split("/", 1)
    updated: datetime = row["at"]
    return SealedRecord(type_, ident, row["owner"], row["version"], updated, bytes(row["sealed"]), row["deleted"], row["note"])
