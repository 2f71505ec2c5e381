"""Notes the end of each emergency whose time is over, exactly once, and whether its holder wrote anything in the chart meanwhile."""

import asyncio
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from services.records.desk import Desk
from services.records.emergency.grants import Emergency
from services.records.noting import EMERGENCY_ENDED, failed
from shared.clock import rfc3339, utc_now
from shared.errors import AnticipatedError
from shared.events import EventRecord
from shared.mongo import MongoError, StoreUnreachableError
from shared.outbox import Relay
from shared.vocabulary import Outcome, Profession

log = structlog.get_logger("serment.records")
_PAUSE = 5.0
_WRITES_SETTLE = timedelta(seconds=10)
"""As long as a transaction is tried: a write that began before the end has told of itself by then."""


class Endings:
    """Looks for emergencies that are over; the process that relays does it, and a second one would change nothing."""

    def __init__(self, desk: Desk, *, relay: Relay) -> None:
        self._desk = desk
        self._relay = relay

    async def run(self) -> None:
        """Until cancelled; a failure of MongoDB only delays."""
        while True:
            try:
                if self._relay.holding:
                    await end_emergencies(now=utc_now(), desk=self._desk)
            except (MongoError, AnticipatedError) as error:
                log.warning("emergencies.delayed", error=type(error).__name__)
            await asyncio.sleep(_PAUSE)


async def end_emergencies(*, now: datetime, desk: Desk) -> int:
    """How many ends were noted by this call."""
    return sum([await _end(emergency, now, desk) for emergency in await desk.grants.over(now - _WRITES_SETTLE)])


async def _end(emergency: Emergency, now: datetime, desk: Desk) -> bool:
    """The row is marked and its note kept by one transaction; a number is drawn only once the row is this transaction's."""
    drawn: list[EventRecord] = []
    mark = str(uuid.uuid4())

    async def work(session: Any) -> bool:
        ended = await desk.grants.end(emergency, mark=mark, session=session)
        if ended is None:
            return False
        facts = _facts(ended, desk.site)
        drawn.append(desk.notes.redraw(drawn[0], facts, now=now) if drawn else desk.notes.draw(EMERGENCY_ENDED, facts, now=now))
        await desk.notes.outbox.add(drawn[-1:], now=now, incarnation=desk.notes.incarnation, session=session)
        return True

    try:
        ended = await desk.mongo.transact(work)
    except BaseException:
        if drawn:
            _settle_later(emergency, drawn[-1], mark, now, desk)
        raise
    if ended:
        desk.notes.landed(drawn[-1])
        desk.notes.outbox.filled.set()
    elif drawn:
        await desk.notes.keep(desk.notes.redraw(drawn[-1], _came_to_nothing(emergency, desk.site), now=now))
    return ended


def _settle_later(emergency: Emergency, note: EventRecord, mark: str, now: datetime, desk: Desk) -> None:
    pair = (note, desk.notes.redraw(note, _came_to_nothing(emergency, desk.site), now=now))
    desk.notes.settle_later([pair], lambda: desk.grants.ended_by(emergency, mark))


def _facts(emergency: Emergency, site: str) -> dict[str, Any]:
    return {**_about(emergency, site), "followedUp": emergency.followed_up}


def _came_to_nothing(emergency: Emergency, site: str) -> Mapping[str, Any]:
    """For a number that was drawn in vain: without `followedUp` it tells of no end."""
    return failed(_about(emergency, site), outcome=Outcome.CONFLICT, status=StoreUnreachableError.status, reason=StoreUnreachableError.slug)


def _about(emergency: Emergency, site: str) -> dict[str, Any]:
    grant = emergency.grant
    return {
        "actor": {"id": grant.staff, "profession": Profession.CLINICIAN, "site": site, "unit": emergency.unit},
        "patient": grant.patient,
        "emergency": grant.ident,
        "openedAt": rfc3339(grant.opened_at),
        "endedAt": rfc3339(grant.ends_at),
    }
