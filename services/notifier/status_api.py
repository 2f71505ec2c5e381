"""The door of those who watch over `notifier`: what was not sent yet."""

from typing import Any

from fastapi import APIRouter

from services.notifier.asking import Has
from services.notifier.messages.model import MessageState
from shared.clock import utc_now
from shared.watching import FOR_WATCHERS

status = APIRouter()
_NOT_SENT = [state for state in MessageState if state is not MessageState.SENT]


@status.get("/status", **FOR_WATCHERS)
async def get_status(has: Has) -> dict[str, Any]:
    """`messages` not sent, by state."""
    messages = {str(state): await has.desk.messages.count(state) for state in _NOT_SENT}
    return {"messages": messages, "outbox": await has.desk.notes.outbox.backlog(now=utc_now())}
