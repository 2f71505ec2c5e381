"""The door of those who watch over one replica of `records`: its lease, and what waits for Kafka."""

from typing import Any

from fastapi import APIRouter

from services.records.asking import Has
from shared.clock import utc_now
from shared.elapsed import read_clocks
from shared.watching import FOR_WATCHERS

status = APIRouter()
_SHOWN = 8
"""Hexadecimal digits of the incarnation, as `consent` shows them."""


@status.get("/status", **FOR_WATCHERS)
async def get_status(has: Has) -> dict[str, Any]:
    """Every directive up to `number` is applied; the outbox is the site's, the rest this replica's own."""
    view, notes = has.desk.enforcement.view, has.desk.notes
    return {
        "incarnation": view.incarnation[:_SHOWN],
        "number": view.number,
        "lease_seconds": view.lease.left(read_clocks()),
        "breaker_open": notes.breaker_open,
        "outbox": await notes.outbox.backlog(now=utc_now()),
    }
