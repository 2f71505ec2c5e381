"""Keeps the notes of one process on their way: relayed, told of by heartbeats, and taken leave of after the last answer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.background import end_tasks, keep_running
from shared.mongo import Database
from shared.notes import Notes, Presence
from shared.outbox import Relay

_LEAVES_WITHIN = 5.0


@asynccontextmanager
async def notes_kept(notes: Notes, database: Database, *, instance: str) -> AsyncIterator[Relay]:
    """Whatever is entered later ends earlier, so that nothing is noted after the last word; what Kafka does not take then waits."""
    relay = Relay(notes.outbox, producer=notes.producer, owner=notes.incarnation, relayed=notes.relayed)
    presence = Presence(database, notes=notes, relay=relay, instance=instance)
    tasks = [keep_running(run) for run in (relay.run, presence.run)]
    try:
        yield relay
    finally:
        await end_tasks(tasks)
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_LEAVES_WITHIN):
                await presence.leave()
