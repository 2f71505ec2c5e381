"""Keeps the last reminder of each duty; the event that has it sent stands or falls with it."""

from dataclasses import asdict
from datetime import datetime

from services.governance.duties import may_be_reminded
from services.governance.model import Reminder
from services.governance.stated_rows import SOURCE, Row, StatedRows
from shared.events import EventRecord
from shared.events.governance import DutyReminded
from shared.mongo import Database, Mongo
from shared.outbox import Outbox


class ReminderStore:
    """One row per member of staff and module."""

    def __init__(self, mongo: Mongo, database: Database, outbox: Outbox) -> None:
        self._stated = StatedRows(mongo, database, "reminders", outbox=outbox)

    async def of_site(self, site: str) -> list[Reminder]:
        return [_reminder(row) async for row in self._stated.rows.find({"site": site})]

    async def keep(self, wanted: Reminder, *, valid_until: datetime) -> tuple[Reminder, bool]:
        """The last one of that duty, and whether it is this one: not if less than a day has passed. Raises OvertakenError."""
        sent = False

        def make(row: Row | None, moment: datetime) -> tuple[Row, EventRecord] | None:
            nonlocal sent
            sent = row is None or may_be_reminded(row["at"], wanted.at)
            if not sent:
                return None
            event = DutyReminded(
                staff=wanted.staff, module=wanted.module, valid_until=valid_until, by=wanted.by, reminded_at=wanted.at
            ).to_record(source=SOURCE, now=moment)
            return asdict(wanted), event

        row = await self._stated.change(f"{wanted.staff}/{wanted.module}", make, now=wanted.at)
        return (wanted if row is None else _reminder(row)), sent


def _reminder(row: Row) -> Reminder:
    return Reminder(row["staff"], row["module"], row["site"], row["by"], row["at"])
