"""Keeps each log's entries, sources and head in MongoDB, and moves them on together."""

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.audit.model import Entry, Head, Log, Source, Suspicion
from services.audit.rows import entry_of, entry_row, head_fields, head_of, source_of, source_row
from services.audit.suspicions import Suspicions
from services.audit.tile_store import Place, TileStore
from shared.mongo import Database, DuplicateKeyError, Mongo

_STRETCH, _LONGER = 512, 4


class HeadLostError(Exception):
    """Somebody else moved the head: what we hold is old, nothing was written."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One transaction's worth of change."""

    head: Head
    entries: Sequence[Entry]
    tiles: Mapping[Place, bytes]
    sources: Mapping[str, Source]
    suspicions: Sequence[Suspicion]


class LedgerStore:
    """One collection of entries per log, keyed by index; everything else is keyed by the log's topic or origin."""

    def __init__(self, mongo: Mongo, database: Database, *, tiles: TileStore, suspicions: Suspicions) -> None:
        self._mongo = mongo
        self._database = database
        self._heads = database.get_collection("heads")
        self._sources = database.get_collection("sources")
        self._tiles = tiles
        self._suspicions = suspicions

    def _entries(self, log: Log) -> Any:
        return self._database.get_collection(f"entries.{log.topic}")

    async def ensure_indexes(self, logs: Iterable[Log]) -> None:
        """Idempotent."""
        for log in logs:
            await self._entries(log).create_index([("note", 1)])
            await self._entries(log).create_index([("about", 1), ("_id", -1)])
        await self._sources.create_index([("log", 1), ("open", 1)])

    async def head(self, log: Log) -> Head | None:
        """As a majority has it."""
        return head_of(await self._heads.find_one({"_id": log.origin}))

    async def begin(self, log: Log, *, topic_id: str) -> Head:
        """The head of a log that was never sequenced, unless another process began it first."""
        with contextlib.suppress(DuplicateKeyError):
            await self._heads.insert_one({"_id": log.origin, **head_fields(Head(topic_id))})
        return await self.head(log) or Head(topic_id)

    async def advance(self, log: Log, before: Head, turn: Turn, *, now: datetime) -> None:
        """All of it in one majority transaction, or nothing. Raises HeadLostError unless `before` is still the head."""

        async def work(session: Any) -> Sequence[Suspicion]:
            held = {"_id": log.origin, "size": before.size, "turn": before.turn}
            moved = await self._heads.update_one(held, {"$set": head_fields(turn.head)}, session=session)
            if moved.matched_count != 1:
                raise HeadLostError
            if turn.entries:
                await self._entries(log).insert_many([entry_row(entry) for entry in turn.entries], session=session)
            await self._tiles.keep(log, turn.tiles, session=session)
            for source in turn.sources.values():
                await self._sources.replace_one(
                    {"_id": f"{log.topic}/{source.incarnation}"}, source_row(log, source), upsert=True, session=session
                )
            return await self._suspicions.raise_in(session, log, turn.suspicions, now=now)

        self._suspicions.told(log, await self._mongo.transact(work))

    async def sources(self, log: Log, incarnations: Iterable[str]) -> dict[str, Source]:
        rows = self._sources.find({"_id": {"$in": [f"{log.topic}/{incarnation}" for incarnation in incarnations]}})
        return {row["incarnation"]: source_of(row) async for row in rows}

    async def open_sources(self, log: Log) -> list[Source]:
        """Those of which something is still to come, and whose silence was not told yet."""
        return [source_of(row) async for row in self._sources.find({"log": log.topic, "open": True, "silent": False})]

    async def snapshot(self, log: Log) -> tuple[Head | None, list[Source]]:
        """The head and every source of the same moment."""

        async def work(session: Any) -> tuple[Head | None, list[Source]]:
            row = await self._heads.find_one({"_id": log.origin}, session=session)
            sources = [source_of(each) async for each in self._sources.find({"log": log.topic}, session=session)]
            return head_of(row), sources

        return await self._mongo.transact(work)

    async def leaves_of(self, log: Log, notes: Sequence[str]) -> frozenset[bytes]:
        if not notes:
            return frozenset()
        rows = self._entries(log).find({"note": {"$in": list(notes)}}, projection={"leaf": 1})
        return frozenset([bytes(row["leaf"]) async for row in rows])

    async def find(self, log: Log, note: str) -> Entry | None:
        """By note id; an entry that reuses a number, or an id, stands behind the first one."""
        rows = [entry_of(row) async for row in self._entries(log).find({"note": note})]
        return min(rows, key=lambda entry: (entry.flag is not None, entry.index), default=None)

    async def page(self, log: Log, first: int, end: int) -> list[Entry]:
        """Those of [first, end), a few hundred at most."""
        return [entry_of(row) async for row in self._entries(log).find({"_id": {"$in": list(range(first, end))}}).sort("_id", 1)]

    async def about(self, log: Log, about: bytes, *, before: int, most: int, first: int = 0) -> list[Entry]:
        """The newest of [first, before) whose patient has that digest, the newest first.

        Looked for stretch by stretch, each longer than the last: a patient with a million entries costs no more than one with few.
        """
        found: list[Entry] = []
        high, width = before, _STRETCH
        while high > first and len(found) < most:
            query = {"about": about, "_id": {"$gte": max(first, high - width), "$lt": high}}
            rows = self._entries(log).find(query).sort("_id", -1).limit(most - len(found))
            found += [entry_of(row) async for row in rows]
            high, width = high - width, width * _LONGER
        return found

    async def entries_from(self, log: Log, first: int) -> AsyncIterator[Entry]:
        """All from that index on, as a stream."""
        async for row in self._entries(log).find({"_id": {"$gte": first}}).sort("_id", 1).batch_size(500):
            yield entry_of(row)

    async def leaves(self, log: Log, first: int, end: int) -> list[bytes]:
        """The leaf data of [first, end), a few hundred at most."""
        rows = self._entries(log).find({"_id": {"$in": list(range(first, end))}}, projection={"leaf": 1}).sort("_id", 1)
        return [bytes(row["leaf"]) async for row in rows]
