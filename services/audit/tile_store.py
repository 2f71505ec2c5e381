"""Keeps the tiles of the hash tree, whole and unfinished ones, under their level and number."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from services.audit.model import Log
from services.audit.tiles import HEIGHT, ReadTile, ShortTileError, TileTree, edge_widths, tiles_needed
from shared.mongo import Database

Place = tuple[int, int]


class TileStore:
    """An unfinished tile is replaced by a longer one, so a reader that asks for its first hashes gets the same for ever."""

    def __init__(self, database: Database) -> None:
        self._rows = database.get_collection("tiles")

    async def find(self, log: Log, places: Iterable[Place]) -> dict[Place, bytes]:
        names = {_name(log, place): place for place in places}
        rows = self._rows.find({"_id": {"$in": list(names)}})
        return {names[row["_id"]]: bytes(row["hashes"]) async for row in rows}

    async def keep(self, log: Log, tiles: Mapping[Place, bytes], *, session: Any) -> None:
        for place, hashes in tiles.items():
            await self._rows.replace_one({"_id": _name(log, place)}, {"hashes": hashes}, upsert=True, session=session)

    async def tree(self, log: Log, size: int) -> TileTree:
        """Raises ShortTileError when the stored tiles do not reach that size."""
        places = [(level, size >> HEIGHT * (level + 1)) for level, width in enumerate(edge_widths(size)) if width]
        return TileTree.read(size, _reading(await self.find(log, places)))

    async def proof(self, log: Log, prove: Callable[[ReadTile], list[bytes]]) -> list[bytes]:
        """Raises ShortTileError."""
        return prove(_reading(await self.find(log, tiles_needed(prove))))


def _reading(tiles: Mapping[Place, bytes]) -> ReadTile:
    def read(level: int, n: int) -> bytes:
        if (level, n) not in tiles:
            raise ShortTileError(f"tile {level}/{n} is not stored")
        return tiles[level, n]

    return read


def _name(log: Log, place: Place) -> str:
    return f"{log.topic}/{place[0]}/{place[1]}"
