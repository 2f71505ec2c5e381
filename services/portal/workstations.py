"""Knows which workstations are locked, and when each was locked last, as `governance` states it."""

from dataclasses import dataclass
from datetime import datetime

from services.portal.cookie_box import SessionsUnavailableError
from shared.mongo import Database, DuplicateKeyError, MongoError


@dataclass(frozen=True, slots=True)
class Lock:
    """`locked_at` stays when it is unlocked."""

    locked: bool
    locked_at: datetime | None

    def ends(self, begun_at: datetime) -> bool:
        """Whether a session that was begun there at that moment is over; while it is locked, every one is, whatever the clocks say."""
        return self.locked or (self.locked_at is not None and begun_at < self.locked_at)


class Workstations:
    """One row per site and id, in the portal's own database: every process of the portal looks there, and a restart forgets nothing."""

    def __init__(self, database: Database) -> None:
        self._rows = database.get_collection("workstations")

    async def keep(self, site: str, ident: str, *, locked: bool, at: datetime) -> None:
        """Replays and reorders change nothing. Raises MongoError."""
        told = {"locked": locked, "at": at} | ({"locked_at": at} if locked else {})
        try:
            await self._rows.update_one({"_id": f"{site}/{ident}", "at": {"$lt": at}}, {"$set": told}, upsert=True)
        except DuplicateKeyError:  # something newer is kept
            return

    async def find(self, site: str, ident: str) -> Lock | None:
        """Raises SessionsUnavailableError."""
        try:
            row = await self._rows.find_one({"_id": f"{site}/{ident}"})
        except MongoError as error:
            raise SessionsUnavailableError from error
        return None if row is None else Lock(row["locked"], row.get("locked_at"))
