"""Keeps the topic of standings whole and alive: a heartbeat while nothing waits to be told, and now and then every standing anew."""

import asyncio
from datetime import timedelta

import structlog
from aiokafka.errors import KafkaError

from services.governance.refusals import OvertakenError
from services.governance.staff_store import StaffStore, the_one
from services.governance.stated_rows import SOURCE
from shared.clock import utc_now
from shared.events.governance import GovernanceHeard
from shared.kafka import Producer
from shared.mongo import MongoError
from shared.outbox import Outbox

log = structlog.get_logger("serment.governance")
_LOOK_AGAIN = 0.2
_PATIENCE = 10


class Heartbeat:
    """Straight to Kafka, and only while the outbox is empty: whoever hears it knows every standing that was stated before."""

    def __init__(self, outbox: Outbox, *, producer: Producer, pause: timedelta) -> None:
        self._outbox = outbox
        self._producer = producer
        self._pause = pause.total_seconds()

    async def run(self) -> None:
        """Until cancelled; a failure of MongoDB or Kafka only delays."""
        while True:
            try:
                await asyncio.sleep(self._pause if await self._beat() else _LOOK_AGAIN)
            except (MongoError, KafkaError, TimeoutError) as error:
                self._producer.doubt(error)
                log.warning("governance.heartbeat-delayed", error=type(error).__name__)
                await asyncio.sleep(1)

    async def _beat(self) -> bool:
        if await self._outbox.count():
            return False
        now = utc_now()
        async with asyncio.timeout(_PATIENCE):
            await self._producer.send_and_wait(GovernanceHeard(sent_at=now).to_record(source=SOURCE, now=now))
        return True


class Restating:
    """Every standing under its next revision, at start and then from time to time.

    A topic that was made anew is filled again, and an old standing that two relays at once left last in it is overtaken.
    """

    def __init__(self, staff: StaffStore, *, pause: timedelta) -> None:
        self._staff = staff
        self._pause = pause.total_seconds()

    async def run(self) -> None:
        """Until cancelled; a failure of MongoDB only delays."""
        while True:
            try:
                for ident in sorted(await self._staff.idents()):
                    await self._staff.change(ident, the_one, now=utc_now(), again=True)
                await asyncio.sleep(self._pause)
            except (MongoError, OvertakenError) as error:
                log.warning("governance.restating-delayed", error=type(error).__name__)
                await asyncio.sleep(1)
