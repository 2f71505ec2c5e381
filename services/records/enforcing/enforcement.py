"""Keeps this process's view in force: renews its lease, hears directives from Kafka, states how far it has applied them."""

import asyncio
import contextlib
import os

import structlog
from aiokafka.errors import KafkaError
from prometheus_client import Gauge

from services.records.enforcing.consent_registry import LeaseNotGrantedError
from services.records.enforcing.renew_lease import Registry, renew_lease
from services.records.enforcing.view import Heard, View
from shared.clock import utc_now
from shared.directive import Directive
from shared.elapsed import at_most, read_clocks
from shared.events.records import PositionStated
from shared.events.topics import CONSENT_DIRECTIVE
from shared.kafka import KafkaConnection, Producer, open_follower, pause

log = structlog.get_logger("serment.enforcing")
_BETWEEN_LEASES = 0.25
_AFTER_FAILURE = 0.5
_LEASE_LEFT = Gauge("serment_enforcement_lease_seconds", "Seconds left of this process's lease.")
_HELD = Gauge("serment_enforcement_directives", "Directives held in memory.")
_NUMBER = Gauge("serment_enforcement_number", "Every directive up to this number is applied.")
_AHEAD = Gauge("serment_enforcement_gap", "1 while a directive is known to be missing.")


def new_view() -> View:
    """128 random bits: no two incarnations share a name."""
    return View(os.urandom(16).hex())


class Enforcement:
    """`view` is another one after an epoch ended; look at it anew for each decision."""

    def __init__(self, *, registry: Registry, connection: KafkaConnection, producer: Producer, source: str) -> None:
        self.view = new_view()
        self._registry = registry
        self._connection = connection
        self._producer = producer
        self._source = source
        self._wanted = asyncio.Event()
        self._moved = asyncio.Event()
        self._lasts = 0.0
        self._leaving = False
        self._leased = asyncio.Event()
        self._asked_first = read_clocks()
        _LEASE_LEFT.set_function(lambda: self.view.lease.left(read_clocks()))
        _HELD.set_function(lambda: len(self.view.table))
        _NUMBER.set_function(lambda: self.view.number)
        _AHEAD.set_function(lambda: float(self.view.has_gap))

    def look(self, patient: str) -> tuple[Directive | None, bool]:
        """The patient's directive, and whether it is certain to be the newest: both of one moment."""
        view = self.view
        return view.directive_of(patient), view.may_decide(patient, read_clocks())

    async def leased(self) -> None:
        """Returns once this process held its first lease."""
        await self._leased.wait()

    async def renew(self) -> None:
        """Until cancelled: four times in a lease's life, and at once when something is missing."""
        while not self._leaving:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._lasts * _BETWEEN_LEASES):
                    await self._wanted.wait()
            await self._renew()

    async def _renew(self) -> None:
        self._wanted.clear()
        if self.view.left:
            await self._begin_anew()
        try:
            await renew_lease(self.view, registry=self._registry, clocks=read_clocks)
        except LeaseNotGrantedError as error:
            log.warning("enforcing.lease-not-granted", error=str(error), left=round(self.view.lease.left(read_clocks()), 1))
            await asyncio.sleep(_AFTER_FAILURE)
        else:
            self._lasts = self.view.lease.left(read_clocks())
            self._moved.set()
            self._tell_first_lease()

    def _tell_first_lease(self) -> None:
        if not self._leased.is_set():
            self._leased.set()
            log.info("records.first-lease", directives=len(self.view.table), seconds=round(at_most(self._asked_first, read_clocks()), 2))

    async def _begin_anew(self) -> None:
        """The epoch ended: what was known counts no more."""
        gone, self.view = self.view, new_view()
        log.warning("enforcing.epoch-ended")
        with contextlib.suppress(KafkaError, TimeoutError):
            await self._state(gone, left=True)

    async def hear(self) -> None:
        """Until cancelled: from the end of the topic on, for what came before is in the lease's answer."""
        while True:
            consumer = await open_follower(self._connection, CONSENT_DIRECTIVE.name, beginning=False)
            self._wanted.set()
            try:
                async for record in consumer:
                    if self.view.hear(record.value) is Heard.ASK:
                        self._wanted.set()
                    self._moved.set()
            except KafkaError as error:
                await pause("enforcing.kafka-lost", error)
            finally:
                await consumer.stop()

    async def state(self) -> None:
        """Until cancelled: whatever number is reached is told, the newest for all before it."""
        told: tuple[str, int] | None = None
        while True:
            await self._moved.wait()
            self._moved.clear()
            view = self.view
            if view.epoch is None or view.left or told == (view.incarnation, view.number):
                continue
            telling = (view.incarnation, view.number)
            try:
                await self._state(view)
                told = telling
            except (KafkaError, TimeoutError) as error:
                self._producer.doubt(error)
                await pause("enforcing.not-stated", error)
                self._moved.set()

    async def leave(self) -> None:
        """After the last decision; the word is final."""
        self._leaving = True
        self.view.leave()
        with contextlib.suppress(KafkaError, TimeoutError):
            await self._state(self.view, left=True)

    async def _state(self, view: View, *, left: bool = False) -> None:
        stated = PositionStated(incarnation=view.incarnation, epoch=view.epoch or 0, number=view.number, left=left)
        async with asyncio.timeout(5):
            await self._producer.send_and_wait(stated.to_record(source=self._source, now=utc_now()))
