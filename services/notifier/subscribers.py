"""The Kafka door of `notifier`: each event calls one story; an outage is waited for, so that it parks nothing."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from services.notifier.cases.open_case import open_case
from services.notifier.desk import Desk
from services.notifier.remind_of_duty import remind_of_duty
from services.notifier.reviews.open_review import open_review
from shared.clock import to_millisecond, utc_now
from shared.event_door import EventDoor
from shared.events.audit import AffectedFound, SuspicionRaised
from shared.events.governance import DutyReminded
from shared.events.records import ChartErased, EmergencyOpened
from shared.mongo import DuplicateKeyError, MongoError
from shared.vault import VaultUnavailableError
from shared.vocabulary import PatientId

log = structlog.get_logger("serment.notifier")
_PATIENCE = 240.0
"""Below the five minutes after which Kafka gives a reader's partitions to another; then the door tries again, and parks at last."""


def join_subscribers(door: EventDoor, *, desk: Desk) -> None:
    @door.subscriber(SuspicionRaised)
    async def on_suspicion_raised(event: SuspicionRaised) -> None:
        await through_outages(lambda: open_case(event, now=to_millisecond(utc_now()), desk=desk))

    @door.subscriber(AffectedFound)
    async def on_affected_found(event: AffectedFound) -> None:
        await through_outages(lambda: desk.affected.keep(event))

    @door.subscriber(EmergencyOpened)
    async def on_emergency_opened(event: EmergencyOpened) -> None:
        await through_outages(lambda: open_review(event, now=to_millisecond(utc_now()), desk=desk))

    @door.subscriber(DutyReminded)
    async def on_duty_reminded(event: DutyReminded) -> None:
        await through_outages(lambda: remind_of_duty(event, desk=desk))

    @door.subscriber(ChartErased)
    async def on_chart_erased(event: ChartErased) -> None:
        """The certificate of an erasure covers what the patient was told about that chart."""
        patient = PatientId(event.patient)
        await through_outages(lambda: desk.sealer.forget(event.site, patient, reference=event.erasure, now=event.destroyed_at))


async def through_outages(work: Callable[[], Awaitable[None]], *, patience: float = _PATIENCE, pause: float = 1.0) -> None:
    """While MongoDB or Vault are away there is nothing else to do for this partition than to wait for them."""
    deadline = asyncio.get_running_loop().time() + patience
    while True:
        try:
            return await work()
        except DuplicateKeyError:
            raise
        except (MongoError, VaultUnavailableError, TimeoutError) as error:
            if asyncio.get_running_loop().time() > deadline:
                raise
            log.warning("notifier.waiting", error=type(error).__name__)
        await asyncio.sleep(pause)
