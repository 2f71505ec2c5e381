"""Keeps the erasures of a site: proposed by one officer, confirmed by another, then destroyed; none is ever removed."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.mongo import Database


class ErasureState(StrEnum):
    """The way of an erasure; `destroying` is resumed after a crash until it is `destroyed`."""

    PROPOSED = "proposed"
    DESTROYING = "destroying"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class Erasure:
    """One chart's erasure; the officers are staff ids, `grounds` is one of the law's words, never free text."""

    ident: str
    patient: str
    state: ErasureState
    grounds: str
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None = None
    destroyed_at: datetime | None = None


def proposed_erasure(patient: str, *, grounds: str, officer: str, now: datetime) -> Erasure:
    """Under an id of its own, drawn before it is kept."""
    return Erasure(str(uuid.uuid4()), patient, ErasureState.PROPOSED, grounds, officer, now)


class Erasures:
    """One row each; a state only moves forward."""

    def __init__(self, database: Database) -> None:
        self._rows = database.get_collection("erasures")

    async def propose(self, proposed: Erasure, *, session: Any) -> None:
        await self._rows.insert_one(_row(proposed), session=session)

    async def find(self, ident: str) -> Erasure | None:
        row = await self._rows.find_one({"_id": ident})
        return _erasure(row) if row else None

    async def proposed(self, *, most: int) -> list[Erasure]:
        """The oldest first."""
        rows = self._rows.find({"state": ErasureState.PROPOSED}).sort("proposed_at", 1).limit(most)
        return [_erasure(row) async for row in rows]

    async def unfinished(self) -> list[Erasure]:
        """Those that were confirmed, and whose process ended before the end."""
        return [_erasure(row) for row in await self._rows.find({"state": ErasureState.DESTROYING}).to_list(length=None)]

    async def start(self, ident: str, *, officer: str) -> bool:
        """Whether this call moved it from proposed to destroying."""
        change = {"$set": {"state": ErasureState.DESTROYING, "confirmed_by": officer}}
        result = await self._rows.update_one({"_id": ident, "state": ErasureState.PROPOSED, "proposed_by": {"$ne": officer}}, change)
        return bool(result.modified_count)

    async def finish(self, erasure: Erasure, *, note: str, now: datetime, session: Any) -> bool:
        """Whether this call moved it to destroyed, as that note tells; what else was proposed for the chart is then done, too."""
        change = {"$set": {"state": ErasureState.DESTROYED, "destroyed_at": now, "note": note}}
        result = await self._rows.update_one({"_id": erasure.ident, "state": ErasureState.DESTROYING}, change, session=session)
        if result.modified_count:
            await self._rows.update_many({"patient": erasure.patient, "state": ErasureState.PROPOSED}, change, session=session)
        return bool(result.modified_count)

    async def finished_by(self, ident: str, note: str) -> bool:
        return await self._rows.find_one({"_id": ident, "note": note}, projection={"_id": 1}) is not None


def _row(erasure: Erasure) -> dict[str, Any]:
    return {
        "_id": erasure.ident,
        "patient": erasure.patient,
        "state": erasure.state,
        "grounds": erasure.grounds,
        "proposed_by": erasure.proposed_by,
        "proposed_at": erasure.proposed_at,
    }


def _erasure(row: dict[str, Any]) -> Erasure:
    return Erasure(
        row["_id"],
        row["patient"],
        ErasureState(row["state"]),
        row["grounds"],
        row["proposed_by"],
        row["proposed_at"],
        row.get("confirmed_by"),
        row.get("destroyed_at"),
    )
