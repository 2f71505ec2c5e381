"""Finds what waits for an officer's word across cases, reviews and requests: the first due first, and how many there are."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notifier.model import Thing
from services.notifier.requests.model import RequestState
from services.notifier.reviews.model import ReviewState
from shared.mongo import Database

_SHOWN = 20
_WAITING: Mapping[Thing, tuple[str, Mapping[str, Any], str]] = {
    Thing.CASE: ("cases", {"due_at": {"$ne": None}}, "rule"),
    Thing.REVIEW: ("reviews", {"state": ReviewState.OPEN}, "unit"),
    Thing.REQUEST: ("requests", {"state": RequestState.OPEN}, "kind"),
}
"""The collection of each, which rows wait, and the field that says what it is about."""


@dataclass(frozen=True, slots=True)
class Due:
    """`about` is a case's rule, a review's unit, a request's kind: nothing about a patient."""

    thing: Thing
    ident: str
    about: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """`first` holds twenty at most."""

    counts: Mapping[Thing, int]
    first: Sequence[Due]


class DueThings:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, watched_by: str) -> Waiting:
        """What officers of that site watch over, alone or with the whole group."""
        found = await asyncio.gather(*(self._first(thing, watched_by) for thing in _WAITING))
        due = sorted((one for _count, some in found for one in some), key=lambda one: (one.due_at, one.ident))
        return Waiting({thing: count for thing, (count, _some) in zip(_WAITING, found, strict=True)}, due[:_SHOWN])

    async def _first(self, thing: Thing, watched_by: str) -> tuple[int, list[Due]]:
        name, waits, about = _WAITING[thing]
        rows, query = self._database.get_collection(name), {"watched_by": {"$in": [watched_by, None]}, **waits}
        first = (
            await rows.find(query, projection={about: 1, "due_at": 1}).sort([("due_at", 1), ("_id", 1)]).limit(_SHOWN).to_list(length=None)
        )
        return await rows.count_documents(query), [Due(thing, row["_id"], row[about], row["due_at"]) for row in first]
