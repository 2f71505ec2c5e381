"""Hears what every incarnation of `records` states; each process of `consent` hears all of it."""

import structlog
from aiokafka.errors import KafkaError

from services.consent.enforcing.fence import Fence
from services.consent.enforcing.positions import Positions
from shared.events import UnreadableEventError
from shared.events.records import PositionStated
from shared.events.topics import ENFORCEMENT_POSITION
from shared.kafka import KafkaConnection, open_follower, pause
from shared.mongo import MongoError

log = structlog.get_logger("serment.consent")


async def hear_positions(*, connection: KafkaConnection, positions: Positions, fence: Fence) -> None:
    """Until cancelled. From now on: what was stated before stands in the fence document by the next lease."""
    while True:
        consumer = await open_follower(connection, ENFORCEMENT_POSITION.name, beginning=False)
        try:
            async for record in consumer:
                try:
                    stated = PositionStated.from_value(record.value)
                except UnreadableEventError:
                    log.warning("consent.position-unreadable", offset=record.offset)
                    continue
                await _take(stated, positions, fence)
        except KafkaError as error:
            await pause("consent.kafka-lost", error)
        finally:
            await consumer.stop()


async def _take(stated: PositionStated, positions: Positions, fence: Fence) -> None:
    positions.state(stated.incarnation, epoch=stated.epoch, number=stated.number)
    if stated.left:
        positions.leave(stated.incarnation)
        try:
            await fence.remove(stated.incarnation)
        except MongoError as error:
            log.warning("consent.member-not-removed", error=type(error).__name__)  # its grant will stand still, and it is removed then
