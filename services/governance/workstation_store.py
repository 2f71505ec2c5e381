"""Keeps which workstations are locked; each change and its event stand or fall together."""

from datetime import datetime

from services.governance.model import Workstation
from services.governance.stated_rows import SOURCE, Row, StatedRows
from shared.events import EventRecord
from shared.events.governance import WorkstationLocked, WorkstationUnlocked
from shared.mongo import Database, Mongo
from shared.outbox import Outbox


class WorkstationStore:
    """One row per site and id: two sites may give the same one."""

    def __init__(self, mongo: Mongo, database: Database, outbox: Outbox) -> None:
        self._stated = StatedRows(mongo, database, "workstations", outbox=outbox)

    async def set_lock(self, site: str, ident: str, *, locked: bool, by: str, now: datetime) -> Workstation:
        """What is so already changes nothing. Raises OvertakenError."""

        def make(row: Row | None, moment: datetime) -> tuple[Row, EventRecord] | None:
            if (row is not None and row["locked"]) is locked:
                return None
            kept = {"site": site, "workstation": ident, "locked": locked, "since": moment, "by": by}
            return kept, _event(site, ident, locked=locked, moment=moment)

        row = await self._stated.change(f"{site}/{ident}", make, now=now)
        return Workstation(ident, site, locked, None if row is None else row["since"])


def _event(site: str, ident: str, *, locked: bool, moment: datetime) -> EventRecord:
    if locked:
        return WorkstationLocked(workstation=ident, site=site, locked_at=moment).to_record(source=SOURCE, now=moment)
    return WorkstationUnlocked(workstation=ident, site=site, unlocked_at=moment).to_record(source=SOURCE, now=moment)
