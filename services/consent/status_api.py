"""The door of those who watch over `consent`: how far the group's replicas are, and how fast changes come into force."""

import statistics
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from fastapi import APIRouter

from services.consent.asking import Has
from services.consent.desk import Desk
from services.consent.enforcing.fence import FenceState
from shared.clock import utc_now
from shared.watching import FOR_WATCHERS

status = APIRouter()
_LATELY = timedelta(days=1)
_SHOWN = 8
"""Hexadecimal digits of an incarnation: enough to tell replicas apart."""


@status.get("/status", **FOR_WATCHERS)
async def get_status(has: Has) -> dict[str, Any]:
    """`force` is about the changes of the last day that are in force."""
    now, desk = utc_now(), has.desk
    state = await desk.fence.state()
    return {
        "epoch": state.epoch,
        "head": state.head,
        "members": _members(state, has.lapsing.stood_still(desk.clocks()), desk),
        "force": _force(await desk.store.force_times(since=now - _LATELY)),
        "outbox": await desk.notes.outbox.backlog(now=now),
    }


def _members(state: FenceState, heard: dict[str, float], desk: Desk) -> list[dict[str, Any]]:
    """`heard_seconds` is null for one that this process has not looked at yet."""
    return [
        {
            "incarnation": name[:_SHOWN],
            "number": max(member.number, desk.positions.number_of(name, epoch=state.epoch)),
            "heard_seconds": heard.get(name),
        }
        for name, member in state.members.items()
    ]


def _force(seconds: Sequence[float]) -> dict[str, Any]:
    return {
        "changes": len(seconds),
        "p50_seconds": statistics.median(seconds) if seconds else None,
        "max_seconds": max(seconds, default=None),
    }
