"""The Kafka door of `portal`: which workstations are locked; an outage of MongoDB is waited for, so that it parks nothing."""

from datetime import datetime

from services.portal.workstations import Workstations
from shared.event_door import EventDoor
from shared.events.governance import WorkstationLocked, WorkstationUnlocked
from shared.waiting import until_done


def join_subscribers(door: EventDoor, *, workstations: Workstations) -> None:
    @door.subscriber(WorkstationLocked)
    async def on_workstation_locked(event: WorkstationLocked) -> None:
        await _keep(workstations, event.site, event.workstation, locked=True, at=event.locked_at)

    @door.subscriber(WorkstationUnlocked)
    async def on_workstation_unlocked(event: WorkstationUnlocked) -> None:
        await _keep(workstations, event.site, event.workstation, locked=False, at=event.unlocked_at)


async def _keep(workstations: Workstations, site: str, ident: str, *, locked: bool, at: datetime) -> None:
    await until_done(lambda: workstations.keep(site, ident, locked=locked, at=at), said="portal.waiting", needs="mongodb")
