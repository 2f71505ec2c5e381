"""Keeps how far a log was judged, and from where it must be read again to know what was in mind then."""

from dataclasses import dataclass
from datetime import datetime

from services.audit.model import Log
from shared.mongo import Database


@dataclass(frozen=True, slots=True)
class Position:
    """Everything before `following` is judged, and its suspicions are raised; the memory begins at `rewind`, when the clock stood so.

    `crossed` holds offset, rule and end of each stretch whose group is still quiet.
    """

    following: int
    rewind: int
    clock: int
    crossed: tuple[tuple[int, str, int], ...] = ()


class Positions:
    """One document per log. Any position that was ever kept is a right one to go on from, also one of another process."""

    def __init__(self, database: Database) -> None:
        self._rows = database.get_collection("detection")

    async def find(self, log: Log) -> Position | None:
        row = await self._rows.find_one({"_id": log.topic})
        if row is None:
            return None
        return Position(
            row["following"], row["rewind"], row["clock"], tuple((offset, rule, ended) for offset, rule, ended in row["crossed"])
        )

    async def keep(self, log: Log, position: Position, *, now: datetime) -> None:
        crossed = [list(one) for one in position.crossed]
        row = {"following": position.following, "rewind": position.rewind, "clock": position.clock, "crossed": crossed, "at": now}
        await self._rows.replace_one({"_id": log.topic}, row, upsert=True)
