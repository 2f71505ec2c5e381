"""Keeps the reviews; a finding is given once."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from services.notifier.pages import FIRST_DUE_FIRST, page_of
from services.notifier.reviews.model import Review, ReviewState
from shared.mongo import Database
from shared.vocabulary import PatientId


class ReviewStore:
    """One row per emergency grant."""

    def __init__(self, database: Database) -> None:
        self._rows = database.get_collection("reviews")

    async def ensure_indexes(self) -> None:
        """Idempotent."""
        await self._rows.create_index([("state", 1), ("due_at", 1)])

    async def insert(self, review: Review, *, session: Any) -> None:
        """Raises DuplicateKeyError for a grant that is known already."""
        await self._rows.insert_one(_row(review), session=session)

    async def find(self, grant: str) -> Review | None:
        row = await self._rows.find_one({"_id": grant})
        return _review(row) if row else None

    async def judge(self, review: Review, *, session: Any) -> bool:
        """Whether it was still open."""
        result = await self._rows.replace_one({"_id": review.grant, "state": ReviewState.OPEN}, _row(review), session=session)
        return bool(result.matched_count)

    async def told_by(self, grant: str, note: str) -> bool:
        return await self._rows.find_one({"_id": grant, "note": note}, projection={"_id": 1}) is not None

    async def page(self, watched_by: str, *, state: ReviewState, after: str | None) -> list[Review]:
        """The first due first, those that follow the review `after`: what officers of that site watch over."""
        query = {"watched_by": {"$in": [watched_by, None]}, "state": state}
        rows = await page_of(self._rows, query, order=FIRST_DUE_FIRST, after=after)
        return [_review(row) for row in rows]

    async def overdue(self, now: datetime) -> AsyncIterator[Review]:
        """Still open and past their time."""
        async for row in self._rows.find({"state": ReviewState.OPEN, "due_at": {"$lte": now}}).sort("due_at", 1):
            yield _review(row)


def _row(review: Review) -> dict[str, Any]:
    found = asdict(review)
    return {"_id": found.pop("grant"), **found}


def _review(row: dict[str, Any]) -> Review:
    return Review(
        grant=row["_id"],
        patient=PatientId(row["patient"]),
        site=row["site"],
        staff=row["staff"],
        unit=row["unit"],
        opened_at=row["opened_at"],
        ends_at=row["ends_at"],
        due_at=row["due_at"],
        watched_by=row["watched_by"],
        state=ReviewState(row["state"]),
        reviewed_by=row["reviewed_by"],
        reviewed_at=row["reviewed_at"],
        note=row["note"],
        case=row["case"],
    )
