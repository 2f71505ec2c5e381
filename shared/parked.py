"""Lists what one reader has parked, and gives it to that reader's own handlers again, in its order."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.clock import rfc3339
from shared.errors import AnticipatedError, Sentence
from shared.event_door import EventDoor
from shared.kafka import header_map

_MOST = 200
_LISTED_WITHIN = 10.0
_REPLAYED_WITHIN = 20.0


class EventsUnreachableError(AnticipatedError):
    """Kafka does not answer."""

    slug: ClassVar[str] = "events-unreachable"
    status: ClassVar[int] = 503
    fhir_code: ClassVar[str] = "transient"
    sentence: ClassVar[Sentence] = Sentence(
        "Kafka does not answer, so what is parked cannot be reached. Try again in a moment.",
        "Kafka ne répond pas : les messages mis de côté sont inaccessibles. Réessayez dans un instant.",
    )


@dataclass(frozen=True, slots=True)
class Parked:
    """Where a message lies in `<topic>.parked`, since when and why; of what it says only the type, if a handler here knows it."""

    topic: str
    offset: int
    at: str
    reason: str
    type: str | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """`failed` are parked again behind the others; `left` were not tried, for the time was over."""

    replayed: int
    failed: Sequence[Parked]
    left: int


class ParkedMessages:
    """What is done is remembered by the committed offset of a group of its own."""

    def __init__(self, door: EventDoor) -> None:
        self._door = door

    async def listed(self) -> list[Parked]:
        """By topic, the oldest first, two hundred at most. Raises EventsUnreachableError."""
        async with _parked_by(self._door, self._door.reads) as (_consumer, records):
            return [_told(record, self._door) for record in records]

    async def replay(self, topic: str | None = None) -> Replayed:
        """Of one topic, or of all. Raises EventsUnreachableError.

        At least once: an effect whose commit failed is made again, and changes nothing.
        """
        door, failed, done = self._door, [], 0
        async with _parked_by(door, [one for one in door.reads if topic in {None, one}]) as (consumer, records):
            try:
                async with asyncio.timeout(_REPLAYED_WITHIN):
                    for record in records:
                        if reason := await door.take_again(_original(record), record):
                            failed.append(replace(_told(record, door), reason=reason))
                        await consumer.commit({TopicPartition(record.topic, record.partition): record.offset + 1})
                        done += 1
            except TimeoutError:  # a handler may be waiting for an outage to end
                pass
        return Replayed(done - len(failed), failed, len(records) - done)


@asynccontextmanager
async def _parked_by(door: EventDoor, topics: Sequence[str]) -> AsyncIterator[tuple[AIOKafkaConsumer, list[Any]]]:
    """Other readers of the same topic park beside this one; theirs are passed over."""
    consumer = AIOKafkaConsumer(
        **door.connection.options(), group_id=f"{door.group}.replayed", enable_auto_commit=False, auto_offset_reset="earliest"
    )
    try:
        async with asyncio.timeout(_LISTED_WITHIN):
            await consumer.start()
            records = await _waiting(consumer, [TopicPartition(f"{topic}.parked", 0) for topic in topics], door.group)
        yield consumer, records
    except (KafkaError, TimeoutError) as error:
        raise EventsUnreachableError from error
    finally:
        await consumer.stop()


async def _waiting(consumer: AIOKafkaConsumer, places: Sequence[TopicPartition], group: str) -> list[Any]:
    consumer.assign(places)
    ends = await consumer.end_offsets(places)
    for place in places:
        consumer.seek(place, await consumer.committed(place) or 0)
    found: list[Any] = []
    while len(found) < _MOST and (behind := [place for place in places if await consumer.position(place) < ends[place]]):
        for batch in (await consumer.getmany(*behind, timeout_ms=1000)).values():
            found += [record for record in batch if header_map(record.headers).get("parked_group") == group.encode()]
    return sorted(found, key=lambda record: (record.topic, record.offset))[:_MOST]


def _original(record: Any) -> str:
    return str(record.topic).removesuffix(".parked")


def _told(record: Any, door: EventDoor) -> Parked:
    headers, topic = header_map(record.headers), _original(record)
    type_ = headers.get("ce_type", b"").decode(errors="replace")
    at = rfc3339(datetime.fromtimestamp(record.timestamp / 1000, UTC))
    return Parked(topic, record.offset, at, headers["parked_reason"].decode(), type_ if door.knows(topic, type_) else None)
