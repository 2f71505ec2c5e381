"""Keeps whose records each case is about, as `audit` computes it from the ledger; the farthest computation wins."""

import bisect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.notifier.pages import PAGE
from shared.events.audit import AffectedFound
from shared.mongo import Database, DuplicateKeyError
from shared.vocabulary import PatientId


@dataclass(frozen=True, slots=True)
class Affected:
    """`through` is the last ledger entry that was looked at; None when the patient was known without looking."""

    patients: tuple[PatientId, ...] = field(repr=False, default=())
    accesses: int | None = None
    through: int | None = None
    computed_at: datetime | None = None

    def page(self, after: str | None) -> tuple[PatientId, ...]:
        """At most a hundred, in the order of their ids."""
        start = bisect.bisect_right(self.patients, after) if after else 0
        return self.patients[start : start + PAGE]

    def following(self, page: tuple[PatientId, ...]) -> str | None:
        """The last of a page after which there are more."""
        return page[-1] if page and page[-1] != self.patients[-1] else None


class AffectedPatients:
    """One row per case; patients appear by id only."""

    def __init__(self, database: Database) -> None:
        self._rows = database.get_collection("affected")

    async def keep(self, found: AffectedFound) -> None:
        """Replays and reorders change nothing: an earlier computation never replaces a later one."""
        row = {
            "patients": sorted(set(found.patients)),
            "accesses": found.accesses,
            "through": found.through,
            "computed_at": found.computed_at,
        }
        earlier = [{"through": {"$lt": found.through}}, {"through": found.through, "computed_at": {"$lt": found.computed_at}}]
        try:
            await self._rows.replace_one({"_id": found.case, "settled": {"$ne": True}, "$or": earlier}, row, upsert=True)
        except DuplicateKeyError:
            return

    async def settle(self, case: str, patients: Iterable[str], *, session: Any) -> None:
        """For a case whose patients are known by what it is: no computation adds to them."""
        await self._rows.insert_one({"_id": case, "patients": sorted(set(patients)), "settled": True}, session=session)

    async def of(self, case: str) -> Affected | None:
        """None while nothing was computed yet."""
        row = await self._rows.find_one({"_id": case})
        return _affected(row) if row else None


def _affected(row: Mapping[str, Any]) -> Affected:
    patients = tuple(PatientId(patient) for patient in row["patients"])
    return Affected(patients, row.get("accesses"), row.get("through"), row.get("computed_at"))
