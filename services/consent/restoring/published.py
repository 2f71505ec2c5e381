"""The directives as they were published: what `consent.directive` holds is the backup of the last moments."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiokafka import TopicPartition

from shared.directive import Directive, UnreadableDirectiveError, unpacked
from shared.events.topics import CONSENT_DIRECTIVE
from shared.kafka import KafkaConnection, open_follower

Place = tuple[int, int]
"""(epoch, number): numbers compare within an epoch only."""

_TAIL = 1000
"""More than a relay that takes over sends again, so the newest is among as many of the last ones."""
_LONGEST_WAIT = 10_000


@dataclass(frozen=True, slots=True)
class Published:
    """One patient's newest directive, with the bytes and the moment under which it was published."""

    directive: Directive
    value: bytes = field(repr=False)
    at: datetime

    @property
    def place(self) -> Place:
        return self.directive.epoch, self.directive.number


class PublishedDirectives:
    """Reads the one partition; nothing is committed anywhere."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection

    async def newest(self) -> Place:
        """(0, 0) when nothing was ever published."""
        return max([one.place async for one in self._read(tail=_TAIL)], default=(0, 0))

    async def above(self, place: Place) -> list[Published]:
        """Each patient's newest, of those that are newer than `place`; lowest first."""
        found: dict[str, Published] = {}
        async for one in self._read(tail=None):
            held = found.get(one.directive.patient)
            if one.place > place and (held is None or one.place > held.place):
                found[one.directive.patient] = one
        return sorted(found.values(), key=lambda one: one.place)

    async def _read(self, *, tail: int | None) -> AsyncIterator[Published]:
        """Up to where the topic ends now. Raises UnreadableDirectiveError for a patient's that needs newer code than this."""
        partition = TopicPartition(CONSENT_DIRECTIVE.name, 0)
        consumer = await open_follower(self._connection, CONSENT_DIRECTIVE.name, beginning=True)
        try:
            end = (await consumer.end_offsets([partition]))[partition]
            first = (await consumer.beginning_offsets([partition]))[partition]
            consumer.seek(partition, first if tail is None else max(first, end - tail))
            while await consumer.position(partition) < end:
                batch = await consumer.getmany(partition, timeout_ms=_LONGEST_WAIT)
                for one in map(_published, batch.get(partition, ())):
                    if one is not None:
                        yield one
        finally:
            await consumer.stop()


def _published(record: Any) -> Published | None:
    """None for what is no patient's: no store of ours wrote it."""
    try:
        directive = unpacked(record.value)
    except UnreadableDirectiveError as error:
        if error.patient is None:
            return None
        raise
    return Published(directive, bytes(record.value), datetime.fromtimestamp(record.timestamp / 1000, tz=UTC))
