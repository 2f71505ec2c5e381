"""Keeps the cases, each moved on only from the version that was read, and the suspicions that are merely recorded."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from services.notifier.cases.model import Case, CaseState
from services.notifier.cases.rows import case_from, case_row
from services.notifier.pages import NEWEST_FIRST, page_of
from shared.events.audit import SuspicionRaised
from shared.mongo import Database


class CaseStore:
    """One row per case; none is ever removed (GDPR Article 33(5) wants every breach documented)."""

    def __init__(self, database: Database) -> None:
        self._rows = database.get_collection("cases")
        self._recorded = database.get_collection("recorded")

    async def ensure_indexes(self) -> None:
        """Idempotent."""
        await self._rows.create_index([("opened_at", -1), ("_id", 1)])
        await self._rows.create_index([("due_at", 1)])

    async def record(self, event: SuspicionRaised) -> None:
        """A suspicion that becomes no case; keeping it twice changes nothing."""
        row = {"rule": event.rule, "log": event.log, "evidence": dict(event.evidence), "raised_at": event.raised_at}
        await self._recorded.replace_one({"_id": event.suspicion}, row, upsert=True)

    async def insert(self, case: Case, *, session: Any) -> None:
        """Raises DuplicateKeyError for a case that is there already."""
        await self._rows.insert_one(case_row(case), session=session)

    async def find(self, ident: str) -> Case | None:
        row = await self._rows.find_one({"_id": ident})
        return case_from(row) if row else None

    async def replace(self, case: Case, *, before: int, session: Any) -> bool:
        """Whether version `before` was still the current one."""
        result = await self._rows.replace_one({"_id": case.ident, "version": before}, case_row(case), session=session)
        return bool(result.matched_count)

    async def told_by(self, ident: str, note: str) -> bool:
        """Whether one of the case's steps is the one that this note tells of."""
        return await self._rows.find_one({"_id": ident, "steps.note": note}, projection={"_id": 1}) is not None

    async def page(self, watched_by: str, *, state: CaseState | None, after: str | None) -> list[Case]:
        """The newest first, those that follow the case `after`: what officers of that site watch over, alone or with the whole group."""
        query = {"watched_by": {"$in": [watched_by, None]}} | ({"state": state} if state else {})
        rows = await page_of(self._rows, query, order=NEWEST_FIRST, after=after)
        return [case_from(row) for row in rows]

    async def overdue(self, now: datetime) -> AsyncIterator[Case]:
        """Those with a running clock that is past its time, the longest overdue first."""
        async for row in self._rows.find({"due_at": {"$ne": None, "$lte": now}}).sort("due_at", 1):
            yield case_from(row)
