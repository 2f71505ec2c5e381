"""Knows which practitioner belongs to which units, from the PractitionerRole resources of the site."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from shared.mongo import Database, MongoError

log = structlog.get_logger("serment.affiliations")
_RENEWED = 30.0


class Affiliations:
    """All of them in memory, read again every 30 s and after each change made here; staff only, so nothing is a patient's."""

    def __init__(self, database: Database) -> None:
        self._rows = database.get_collection("affiliations")
        self.units: Mapping[str, frozenset[str]] = {}
        self._changed = asyncio.Event()

    async def keep(self, role: str, *, practitioner: str | None, unit: str | None, session: Any) -> None:
        """One PractitionerRole; without practitioner or unit it says nothing any more."""
        if practitioner and unit:
            await self._rows.replace_one(
                {"_id": role}, {"_id": role, "practitioner": practitioner, "unit": unit}, upsert=True, session=session
            )
        else:
            await self._rows.delete_one({"_id": role}, session=session)
        self._changed.set()

    async def load(self) -> None:
        rows: Sequence[Mapping[str, Any]] = await self._rows.find({}).to_list(length=None)
        units: dict[str, set[str]] = {}
        for row in rows:
            units.setdefault(row["practitioner"], set()).add(row["unit"])
        self.units = {practitioner: frozenset(found) for practitioner, found in units.items()}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.load()
            except MongoError as error:
                log.warning("affiliations.delayed", error=type(error).__name__)
            try:
                async with asyncio.timeout(_RENEWED):
                    await self._changed.wait()
                await asyncio.sleep(0.2)
            except TimeoutError:
                pass
            self._changed.clear()
