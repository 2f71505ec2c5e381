"""The door of parked messages, for every service with an EventDoor, which is the `door` of its resources."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request

from shared.parked import ParkedMessages
from shared.watching import FOR_OPERATORS

parked = APIRouter()


@parked.get("/parked", **FOR_OPERATORS)
async def get_parked(request: Request) -> list[dict[str, Any]]:
    """What this process could not handle: places, times, types and reasons, never content or key."""
    return [asdict(one) for one in await ParkedMessages(request.app.state.resources.door).listed()]


@parked.post("/parked/replay", **FOR_OPERATORS)
async def post_replay(request: Request, topic: str | None = None) -> dict[str, Any]:
    """Of one topic, or of all that this process reads; some may be left, and are tried by the next asking."""
    return asdict(await ParkedMessages(request.app.state.resources.door).replay(topic))
