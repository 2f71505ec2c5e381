"""Reads one page of rows in the order of a moment, after the last row of the page before."""

from collections.abc import Mapping
from typing import Any

PAGE = 100
FIRST_DUE_FIRST = ("due_at", 1)
NEWEST_FIRST = ("opened_at", -1)


async def page_of(rows: Any, query: Mapping[str, Any], *, order: tuple[str, int], after: str | None) -> list[Any]:
    """At most a hundred; rows of the same moment by their ids. An `after` that is not there begins at the beginning."""
    moment, direction = order
    last = await rows.find_one({"_id": after}, projection={moment: 1}) if after else None
    if last:
        beyond, same = {moment: {"$gt" if direction > 0 else "$lt": last[moment]}}, {moment: last[moment], "_id": {"$gt": after}}
        query = {**query, "$or": [beyond, same]}
    found: list[Any] = await rows.find(query).sort([order, ("_id", 1)]).limit(PAGE).to_list(length=None)
    return found
