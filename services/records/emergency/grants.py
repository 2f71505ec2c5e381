"""Keeps the emergency grants of a site: one at a time per member of staff and chart, known in memory, never removed."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.records.model import Grant
from shared.mongo import Database
from shared.vocabulary import PatientId

SEALED_AS = "emergency"
"""The kind under which the reason of a grant is sealed."""

_CAPACITY = 10_000
_PAGE = 100


class EmergencyState(StrEnum):
    """The way of a grant; it opens nothing any more from its `ends_at` on, and is `ended` once that was noted."""

    OPEN = "open"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Emergency:
    """A grant as it is kept. `number` counts the grants of this person for this chart; `followed_up` once they wrote in it meanwhile."""

    grant: Grant
    number: int
    unit: str
    review_due_at: datetime
    followed_up: bool = False

    @property
    def key(self) -> str:
        """No two grants share a number, so two that are opened at once cannot both be kept."""
        return f"{_held_by(self.grant.staff, self.grant.patient)}/{self.number}"

    def is_live(self, now: datetime) -> bool:
        return now < self.grant.ends_at


class Grants:
    """One row each; ids and times in clear, the reason sealed under the patient's key."""

    def __init__(self, database: Database) -> None:
        self._rows = database.get_collection("emergencies")
        self._memory: OrderedDict[tuple[str, str], Grant] = OrderedDict()

    def known(self, staff: str, patient: str, now: datetime) -> Grant | None:
        """Of memory alone."""
        grant = self._memory.get((staff, patient))
        return grant if grant is not None and now < grant.ends_at else None

    async def find(self, staff: str, patient: str, now: datetime) -> Grant | None:
        """Of memory, or else of MongoDB; what was found is remembered."""
        known = self.known(staff, patient, now)
        if known is not None:
            return known
        newest = await self.newest(staff, patient)
        if newest is None or not newest.is_live(now):
            return None
        self.remember(newest.grant)
        return newest.grant

    def remember(self, grant: Grant) -> None:
        """A later grant for the same chart takes the place of an earlier one, never the other way round."""
        key = (grant.staff, grant.patient)
        held = self._memory.get(key)
        if held is None or held.ends_at < grant.ends_at:
            self._memory[key] = grant
        self._memory.move_to_end(key)
        if len(self._memory) > _CAPACITY:
            self._memory.popitem(last=False)

    async def newest(self, staff: str, patient: str) -> Emergency | None:
        """The only one that can still be live."""
        row = await self._rows.find_one({"held": _held_by(staff, patient)}, sort=[("number", -1)])
        return None if row is None else _emergency(row)

    async def with_reason(self, patient: str, grant: str) -> tuple[Emergency, bytes] | None:
        """One of this patient's, live or long over, and the sealed reason."""
        row = await self._rows.find_one({"patient": patient, "grant": grant})
        return None if row is None else (_emergency(row), bytes(row["reason"]))

    async def keep(self, emergency: Emergency, *, reason: bytes, note: str, session: Any) -> None:
        """Raises DuplicateKeyError when another was opened under this number; `reason` is sealed, `note` the id of the note that tells."""
        await self._rows.insert_one(_row(emergency) | {"reason": reason, "note": note}, session=session)

    async def told_by(self, emergency: Emergency, note: str) -> bool:
        """Whether the transaction that carried this note was committed."""
        return await self._rows.find_one({"_id": emergency.key, "note": note}, projection={"_id": 1}) is not None

    async def follow_up(self, staff: str, patient: str, *, now: datetime, session: Any) -> None:
        """Somebody writes in a chart: if a grant of theirs is live, it says so from now on."""
        query = {"held": _held_by(staff, patient), "state": EmergencyState.OPEN, "followed_up": False, "ends_at": {"$gt": now}}
        await self._rows.update_many(query, {"$set": {"followed_up": True}}, session=session)

    async def over(self, before: datetime) -> list[Emergency]:
        """Some whose time was over by then and whose end is not noted yet, oldest first."""
        query = {"state": EmergencyState.OPEN, "ends_at": {"$lte": before}}
        rows = await self._rows.find(query).sort([("ends_at", 1)]).limit(_PAGE).to_list(length=None)
        return [_emergency(row) for row in rows]

    async def end(self, emergency: Emergency, *, mark: str, session: Any) -> Emergency | None:
        """As it was when this call ended it; None when another had. The mark is the caller's own."""
        row = await self._rows.find_one_and_update(
            {"_id": emergency.key, "state": EmergencyState.OPEN},
            {"$set": {"state": EmergencyState.ENDED, "ended_by": mark}},
            return_document=True,
            session=session,
        )
        return None if row is None else _emergency(row)

    async def ended_by(self, emergency: Emergency, mark: str) -> bool:
        return await self._rows.find_one({"_id": emergency.key, "ended_by": mark}, projection={"_id": 1}) is not None


def _held_by(staff: str, patient: str) -> str:
    """A patient's id has one length, so no two pairs read alike."""
    return f"{patient}/{staff}"


def _row(emergency: Emergency) -> dict[str, Any]:
    grant = emergency.grant
    return {
        "_id": emergency.key,
        "held": _held_by(grant.staff, grant.patient),
        "grant": grant.ident,
        "staff": grant.staff,
        "patient": grant.patient,
        "number": emergency.number,
        "unit": emergency.unit,
        "opened_at": grant.opened_at,
        "ends_at": grant.ends_at,
        "review_due_at": emergency.review_due_at,
        "state": EmergencyState.OPEN,
        "followed_up": emergency.followed_up,
    }


def _emergency(row: dict[str, Any]) -> Emergency:
    grant = Grant(row["grant"], row["staff"], PatientId(row["patient"]), row["opened_at"], row["ends_at"])
    return Emergency(grant, row["number"], row["unit"], row["review_due_at"], row["followed_up"])
