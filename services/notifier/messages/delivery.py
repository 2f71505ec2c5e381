"""What follows when a mail was tried: how a try can end, which state that leads to, and when to try again; pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from services.notifier.messages.model import MessageState

FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(minutes=15)


class Ending(StrEnum):
    """How one try ended. Between the first byte of the letter and the server's word for it, nobody knows: that is `unclear`."""

    TAKEN = "taken"
    NOT_YET = "not-yet"
    UNCLEAR = "unclear"
    REFUSED = "refused"


LEADS_TO: Mapping[Ending, MessageState] = {
    Ending.TAKEN: MessageState.SENT,
    Ending.NOT_YET: MessageState.WAITING,
    Ending.UNCLEAR: MessageState.UNKNOWN,
    Ending.REFUSED: MessageState.REFUSED,
}

FOLLOWS: Mapping[MessageState, frozenset[MessageState]] = {
    MessageState.WAITING: frozenset({MessageState.SENDING}),
    MessageState.SENDING: frozenset(LEADS_TO.values()),
    MessageState.UNKNOWN: frozenset({MessageState.SENDING, MessageState.SENT}),
    MessageState.SENT: frozenset(),
    MessageState.REFUSED: frozenset(),
}
"""An unknown end is tried again under the same Message-ID; its own try may still tell late that it was sent."""

TO_SEND = frozenset(state for state, following in FOLLOWS.items() if MessageState.SENDING in following)


def next_try(ending: Ending, tries: int, now: datetime) -> datetime | None:
    """Each pause is twice the last, a quarter of an hour at most; nothing that waits is ever given up."""
    if LEADS_TO[ending] not in TO_SEND:
        return None
    doubled: timedelta = FIRST_PAUSE * (1 << min(tries - 1, 10))
    return now + min(LONGEST_PAUSE, doubled)
