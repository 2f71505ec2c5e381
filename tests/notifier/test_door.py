"""Proves on real Kafka that events come in once as far as anyone can tell, and that what is unreadable is parked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from deploy.local.servers import Servers
from services.notifier.cases.opening import case_ident
from services.notifier.messages.read_inbox import read_inbox
from services.notifier.model import About, Asked, Thing
from services.notifier.subscribers import join_subscribers
from shared.events import Event
from shared.events.audit import AffectedFound, SuspicionRaised
from shared.events.governance import DutyReminded
from shared.events.records import ChartErased, EmergencyOpened
from shared.kafka import Producer, open_producer
from shared.vocabulary import Action, Profession
from tests.notifier.notifier_desk import NOW, PATIENT, NotifierDesk, a_suspicion, affected, an_actor, an_emergency
from tests.shared.kafka_desk import KafkaDesk, RenamedDoor, desk_of, eventually

REMINDED = DutyReminded(staff="clerk", module="basics", valid_until=NOW, by="trainer", reminded_at=NOW)


@pytest.fixture(scope="module")
def kafka(servers: Servers) -> KafkaDesk:
    return desk_of(servers.kafka)


@pytest.fixture(scope="module")
async def producer(kafka: KafkaDesk) -> AsyncIterator[Producer]:
    opened = await open_producer(kafka.connection, client_id="tests")
    yield opened
    await opened.stop()


@asynccontextmanager
async def listening(desk: NotifierDesk, kafka: KafkaDesk) -> AsyncIterator[RenamedDoor]:
    door = RenamedDoor(kafka)
    join_subscribers(door, desk=desk.things)
    await door.start()
    try:
        yield door
    finally:
        await door.stop()


async def state(event: Event, door: RenamedDoor, producer: Producer) -> None:
    await door.state(event, producer, now=NOW)


class TestDoor:
    async def test_lets_in_each_kind_of_event(self, desk: NotifierDesk, kafka: KafkaDesk, producer: Producer) -> None:
        case = case_ident(a_suspicion().suspicion)
        async with listening(desk, kafka) as door:
            for event in (affected(case, PATIENT), a_suspicion(), an_emergency(), REMINDED, a_suspicion(), an_emergency(), REMINDED):
                await state(event, door, producer)
            await eventually(lambda: desk.things.reviews.find("grant-1"), within=20)
            await eventually(lambda: desk.things.cases.find(case), within=20)
            await eventually(lambda: desk.things.affected.of(case), within=20)
            await eventually(lambda: desk.mails("duty-due"), within=20)
            assert len(await _inbox(desk)) == 1

            await state(ChartErased(patient=PATIENT, site="nord", erasure="e", destroyed_at=NOW), door, producer)

            await eventually(lambda: _is_empty(desk), within=20)
        assert (len(await desk.stated()), len(await desk.mails())) == (1, 5)

    @pytest.mark.parametrize("kind", [SuspicionRaised, AffectedFound, EmergencyOpened, DutyReminded])
    async def test_parks_what_cannot_be_read_and_goes_on(
        self, desk: NotifierDesk, kafka: KafkaDesk, producer: Producer, kind: type[Event]
    ) -> None:
        async with listening(desk, kafka) as door:
            topic = door.topics[kind.topic.name].name
            kafka.put(topic, b"{}", headers=[("ce_type", kind.type.encode())])
            await state(a_suspicion(), door, producer)

            await eventually(lambda: desk.things.cases.find(case_ident(a_suspicion().suspicion)), within=20)
            await eventually(lambda: kafka.lying_in(f"{topic}.parked"), within=20)


async def _inbox(desk: NotifierDesk) -> Any:
    actor = an_actor("p", Profession.PATIENT, purpose="PATRQT", patient=PATIENT)
    return (await read_inbox(Asked(actor, "PATRQT", NOW, About(Action.READ, Thing.MESSAGE)), desk=desk.things))[0]


async def _is_empty(desk: NotifierDesk) -> bool:
    return not await _inbox(desk)
