"""Finds where a time lies in a log, by halving: an access is appended after it was made, most of them at once."""

from datetime import datetime, timedelta

from services.audit.ledger_store import LedgerStore
from services.audit.model import Log

SKEW = timedelta(minutes=1)
"""A note's own clock may be so far ahead of the one that appended it."""
LATE = timedelta(minutes=10)
"""A note that waited in an outbox stands behind others made so much later."""


async def first_since(log: Log, moment: datetime, *, size: int, store: LedgerStore) -> int:
    """Index of the first entry that was appended at that moment or later."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        [entry] = await store.page(log, middle, middle + 1)
        low, high = (middle + 1, high) if entry.at < moment else (low, middle)
    return low
