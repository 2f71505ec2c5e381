"""The Kafka door of `audit`: a case that opens or is confirmed is answered with the patients that are affected."""

from services.audit.affected.find_affected import AffectedDesk, find_affected
from shared.clock import utc_now
from shared.event_door import EventDoor
from shared.events.notifier import CaseChanged


def join_subscribers(door: EventDoor, *, desk: AffectedDesk) -> None:
    @door.subscriber(CaseChanged)
    async def on_case_changed(event: CaseChanged) -> None:
        await find_affected(event, now=utc_now(), desk=desk)
