"""The Kafka door of `records`: what other replicas changed is dropped from memory here, what they opened is remembered."""

from services.records.emergency.grants import Grants
from services.records.knowing.chart_headers import ChartHeaders
from services.records.model import Grant
from shared.event_door import EventDoor
from shared.events.records import ChartChanged, ChartErased, EmergencyOpened
from shared.keyring import Keyring
from shared.vocabulary import PatientId


def join_subscribers(door: EventDoor, *, headers: ChartHeaders, grants: Grants, keyring: Keyring, site: str) -> None:
    """Each replica reads every change of its own site: its group is its own."""

    @door.subscriber(ChartChanged)
    async def on_chart_changed(event: ChartChanged) -> None:
        if event.site == site:
            headers.forget(event.patient)

    @door.subscriber(ChartErased)
    async def on_chart_erased(event: ChartErased) -> None:
        if event.site == site:
            headers.erased.add(event.patient)
            headers.forget(event.patient)
            keyring.bar(event.patient)

    @door.subscriber(EmergencyOpened)
    async def on_emergency_opened(event: EmergencyOpened) -> None:
        if event.site == site:
            grants.remember(Grant(event.grant, event.staff, PatientId(event.patient), event.opened_at, event.ends_at))
