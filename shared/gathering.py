"""Gathers the records of one moment into one batch for one partition: one send and one acknowledgement for all of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiokafka.errors import KafkaError

from shared.events import EventRecord
from shared.kafka import Producer

_TICK = 0.001


@dataclass(slots=True, eq=False)
class _Waiting:
    record: EventRecord
    kept: "asyncio.Future[None]" = field(repr=False)
    until: float


class GatheredSends:
    """What comes while a batch is on its way goes with the next one, so that a busy process sends few and large ones."""

    def __init__(self, producer: Producer, topic: str, *, patience: float) -> None:
        self.producer = producer
        self._topic = topic
        self._patience = patience
        self._waiting: list[_Waiting] = []
        self._sending: asyncio.Task[None] | None = None

    def send(self, record: EventRecord) -> "asyncio.Future[None]":
        """Done once every in-sync replica has it; fails with KafkaError, or with TimeoutError after `patience` seconds."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(record, loop.create_future(), loop.time() + self._patience)
        if not self._waiting:
            loop.call_at(waiting.until, self._give_up, self._waiting)
        self._waiting.append(waiting)
        if self._sending is None or self._sending.done():
            self._sending = loop.create_task(self._send_all())
        return waiting.kept

    async def _send_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            await self._send_batch([one for one in batch if not one.kept.done()])

    async def _send_batch(self, batch: Sequence[_Waiting]) -> None:
        try:
            await asyncio.gather(*await self.producer.send_batches(self._topic, [one.record for one in batch]))
        except (KafkaError, TimeoutError) as error:
            for one in batch:
                if not one.kept.done():
                    one.kept.set_exception(error)
        else:
            for one in batch:
                if not one.kept.done():
                    one.kept.set_result(None)

    def _give_up(self, batch: list[_Waiting]) -> None:
        """Whoever has waited too long keeps their record elsewhere; should it arrive all the same, readers know it by its id."""
        loop = asyncio.get_running_loop()
        for one in batch:
            if not one.kept.done() and one.until <= loop.time() + _TICK:
                one.kept.set_exception(TimeoutError())
        left = [one for one in batch if not one.kept.done()]
        if left:
            loop.call_at(left[0].until, self._give_up, batch)
        elif batch is self._waiting:
            self._waiting = []
