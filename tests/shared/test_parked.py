"""Proves on a real Kafka that what was parked is told without what it says, handled again in order, and then remembered as done."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from shared import parked
from shared.clock import rfc3339, utc_now
from shared.event_door import EventDoor
from shared.events.records import ChartChanged
from shared.http import create_app
from shared.identity import Actor, TokenRefusedError
from shared.kafka import Producer, open_producer
from shared.parked import EventsUnreachableError, ParkedMessages
from shared.parked_api import parked as router
from shared.vocabulary import Profession
from tests.shared.door_desk import DoorDesk, a_desk
from tests.shared.kafka_desk import KafkaDesk

CANARY = "Jeanne-Canari-1980"


@pytest.fixture(scope="module")
async def producer(kafka: KafkaDesk) -> AsyncIterator[Producer]:
    opened = await open_producer(kafka.connection, client_id="tests")
    yield opened
    await opened.stop()


@pytest.fixture
def desk(kafka: KafkaDesk, producer: Producer) -> DoorDesk:
    return a_desk(kafka, producer)


@dataclass
class Failing:
    """A handler's other half: it refuses these revisions, and may wait before it does anything."""

    revisions: set[int] = field(default_factory=set)
    waits: float = 0.0

    async def __call__(self, event: ChartChanged) -> None:
        await asyncio.sleep(self.waits)
        if event.revision in self.revisions:
            raise RuntimeError(CANARY)


@asynccontextmanager
async def parking(desk: DoorDesk, *revisions: int, beside: int = 0) -> AsyncIterator[tuple[EventDoor, Failing]]:
    """A door that has parked these, and forgot that it saw them, `beside` so many others."""
    desk.also = failing = Failing(set(revisions))
    async with desk.open() as door:
        await desk.state(*revisions, patient=CANARY)
        await desk.parked(len(revisions) + beside)
        desk.taken.clear()
        yield door, failing


class TestList:
    async def test_tells_places_types_and_reasons_and_nothing_of_the_content(self, desk: DoorDesk) -> None:
        since = utc_now()
        desk.kafka.put(desk.topic.name, CANARY.encode(), key=CANARY.encode(), headers=[("ce_type", b"\xff" + CANARY.encode())])
        async with parking(desk, 3, beside=1) as (door, _):
            first, second = await ParkedMessages(door).listed()

        assert [(one.topic, one.offset, one.reason) for one in (first, second)] == [
            (desk.topic.name, 0, "UnicodeDecodeError"),
            (desk.topic.name, 1, "RuntimeError"),
        ]
        assert (first.type, second.type) == (None, ChartChanged.type)
        assert rfc3339(since) <= first.at <= second.at <= rfc3339(utc_now() + timedelta(seconds=1))
        assert CANARY not in f"{asdict(first)} {asdict(second)}"

    async def test_passes_over_what_another_reader_parked(self, desk: DoorDesk) -> None:
        other = replace(desk, group=f"group-{uuid.uuid4().hex[:10]}", taken=[])
        async with parking(desk, 1) as (door, _), other.open() as beside:
            assert await ParkedMessages(beside).listed() == []
            assert (await ParkedMessages(beside).replay()).replayed == 0
            assert len(await ParkedMessages(door).listed()) == 1

    async def test_says_when_kafka_is_silent(self, desk: DoorDesk) -> None:
        nowhere = EventDoor(replace(desk.kafka.connection, bootstrap=["127.0.0.1:1"]), group=desk.group)

        with pytest.raises(EventsUnreachableError):
            await ParkedMessages(nowhere).listed()


class TestReplay:
    async def test_gives_each_to_its_handler_once_and_in_order(self, desk: DoorDesk) -> None:
        async with parking(desk, 1, 2, 3) as (door, failing):
            failing.revisions.clear()

            told = await ParkedMessages(door).replay()

            assert (told.replayed, told.failed, told.left) == (3, [], 0)
            assert (desk.revisions, await ParkedMessages(door).listed()) == ([1, 2, 3], [])
            assert (await ParkedMessages(door).replay()).replayed == 0
        async with desk.open() as another:
            assert await ParkedMessages(another).listed() == []

    async def test_parks_what_fails_again_behind_the_others_with_its_new_reason(self, desk: DoorDesk) -> None:
        async with parking(desk, 1, 2) as (door, failing):
            failing.revisions = {1}
            first, _second = await desk.kafka.lying_in(f"{desk.topic.name}.parked")

            told = await ParkedMessages(door).replay()

            (left,) = await ParkedMessages(door).listed()
            assert (told.replayed, [one.offset for one in told.failed], told.left) == (1, [0], 0)
            assert (left.offset, left.reason, left.type) == (2, "RuntimeError", ChartChanged.type)
            again = (await desk.kafka.lying_in(f"{desk.topic.name}.parked"))[2]
            assert (again.key, again.value, again.headers) == (first.key, first.value, first.headers)
            failing.revisions.clear()
            assert (await ParkedMessages(door).replay()).replayed == 1
            assert await ParkedMessages(door).listed() == []

    async def test_never_loses_what_cannot_be_read(self, desk: DoorDesk) -> None:
        desk.kafka.put(desk.topic.name, b"{}", headers=[("ce_type", ChartChanged.type.encode())])
        async with desk.open() as door:
            await desk.parked(1)
            for offset in (0, 1):
                told = await ParkedMessages(door).replay()
                assert [(one.offset, one.reason) for one in told.failed] == [(offset, "UnreadableEventError")]
            assert len(await ParkedMessages(door).listed()) == 1

    async def test_leaves_what_it_has_no_time_for_where_it_is(self, desk: DoorDesk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parked, "_REPLAYED_WITHIN", 0.5)
        async with parking(desk, 1, 2) as (door, failing):
            failing.revisions, failing.waits = set(), 0.4

            told = await ParkedMessages(door).replay()

            assert (told.replayed, told.left) == (1, 1)
            assert [one.offset for one in await ParkedMessages(door).listed()] == [1]

    async def test_keeps_to_the_topic_that_was_named(self, desk: DoorDesk) -> None:
        async with parking(desk, 1) as (door, failing):
            failing.revisions.clear()

            assert (await ParkedMessages(door).replay("records.change")).replayed == 0
            assert (await ParkedMessages(door).replay(desk.topic.name)).replayed == 1


class PlayedIdentities:
    """The token is the profession."""

    async def verify(self, token: bytes) -> Actor:
        if token.decode() not in set(Profession):
            raise TokenRefusedError
        return Actor("u", "", Profession(token.decode()), "nord", "", frozenset({"TREAT"}), "", None, "", "", 0.0)


@asynccontextmanager
async def before(door: Any) -> AsyncIterator[Callable[..., Awaitable[httpx.Response]]]:
    app = create_app("tests", lifespan=None, pings=lambda _: {})  # type: ignore[arg-type]
    app.state.resources = SimpleNamespace(identities=PlayedIdentities(), door=door)
    app.include_router(router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tests") as http:

        async def ask(method: str, path: str, token: str) -> httpx.Response:
            return await http.request(method, path, headers={"authorization": f"Bearer {token}"})

        yield ask


class TestDoor:
    @pytest.mark.parametrize(("method", "path"), [("GET", "/parked"), ("POST", "/parked/replay")])
    @pytest.mark.parametrize("token", [*(set(Profession) - {Profession.OPERATOR}), "nobody"])
    async def test_opens_to_operators_only(self, method: str, path: str, token: str) -> None:
        async with before(door=None) as ask:
            assert (await ask(method, path, token)).status_code == (401 if token == "nobody" else 403)

    async def test_answers_what_is_parked_and_what_became_of_it(self, desk: DoorDesk) -> None:
        async with parking(desk, 1, 2) as (door, failing), before(door) as ask:
            failing.revisions = {2}
            listed = await ask("GET", "/parked", "operator")
            told = await ask("POST", f"/parked/replay?topic={desk.topic.name}", "operator")

        assert [one.keys() for one in listed.json()] == [{"topic", "offset", "at", "reason", "type"}] * 2
        assert (told.json()["replayed"], told.json()["failed"][0]["reason"], told.json()["left"]) == (1, "RuntimeError", 0)
        assert CANARY not in listed.text + told.text
        assert listed.headers["cache-control"] == "no-store"
