"""Keeps patients' requests; in clear are whose it is, its kind and its times, and nothing that was said."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from services.notifier.pages import FIRST_DUE_FIRST, PAGE, page_of
from services.notifier.requests.model import Outcome, PatientRequest, RequestKind, RequestState
from shared.mongo import Database
from shared.vocabulary import PatientId


class RequestStore:
    """One row per request, in its current version."""

    def __init__(self, database: Database) -> None:
        self._rows = database.get_collection("requests")

    async def ensure_indexes(self) -> None:
        """Idempotent."""
        await self._rows.create_index([("state", 1), ("due_at", 1)])
        await self._rows.create_index([("patient", 1), ("asked_at", -1)])

    async def insert(self, request: PatientRequest, *, session: Any) -> None:
        """Raises DuplicateKeyError for one that is there already."""
        await self._rows.insert_one(_row(request), session=session)

    async def find(self, ident: str) -> PatientRequest | None:
        row = await self._rows.find_one({"_id": ident})
        return _request(row) if row else None

    async def replace(self, request: PatientRequest, *, session: Any) -> bool:
        """Whether the version before was still open and the current one."""
        before = {"_id": request.ident, "version": request.version - 1, "state": RequestState.OPEN}
        result = await self._rows.replace_one(before, _row(request), session=session)
        return bool(result.matched_count)

    async def told_by(self, ident: str, note: str) -> bool:
        return await self._rows.find_one({"_id": ident, "note": note}, projection={"_id": 1}) is not None

    async def of_patient(self, patient: PatientId) -> list[PatientRequest]:
        """The newest first, a hundred at most."""
        rows = await self._rows.find({"patient": patient}).sort("asked_at", -1).limit(PAGE).to_list(length=None)
        return [_request(row) for row in rows]

    async def page(self, watched_by: str, *, state: RequestState, after: str | None) -> list[PatientRequest]:
        """The first due first, those that follow the request `after`: what officers of that site answer."""
        query = {"watched_by": {"$in": [watched_by, None]}, "state": state}
        rows = await page_of(self._rows, query, order=FIRST_DUE_FIRST, after=after)
        return [_request(row) for row in rows]

    async def overdue(self, now: datetime) -> AsyncIterator[PatientRequest]:
        """Still open and past their time."""
        async for row in self._rows.find({"state": RequestState.OPEN, "due_at": {"$lte": now}}).sort("due_at", 1):
            yield _request(row)


def _row(request: PatientRequest) -> dict[str, Any]:
    found = asdict(request)
    return {"_id": found.pop("ident"), **found}


def _request(row: Mapping[str, Any]) -> PatientRequest:
    known = {name: value for name, value in row.items() if name != "_id"}
    known |= {
        "patient": PatientId(row["patient"]),
        "kind": RequestKind(row["kind"]),
        "state": RequestState(row["state"]),
        "outcome": None if row["outcome"] is None else Outcome(row["outcome"]),
        "sealed": bytes(row["sealed"]),
    }
    return PatientRequest(ident=row["_id"], **known)
