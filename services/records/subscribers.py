"""The Kafka door of `records`: what other replicas changed is dropped from memory here."""

from services.records.knowing.chart_headers import ChartHeaders
from shared.event_door import EventDoor
from shared.events.records import ChartChanged, ChartErased
from shared.keyring import Keyring


def join_subscribers(door: EventDoor, *, headers: ChartHeaders, keyring: Keyring, site: str) -> None:
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
