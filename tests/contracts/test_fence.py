"""One suite for the real fence document and for the one that the model of enforcement plays: what the model proves holds for both."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import pytest

from deploy.local.servers import Servers
from services.consent.enforcing.fence import Fence, FenceState
from services.consent.enforcing.grant_lease import Asked, grant_lease
from services.consent.enforcing.positions import Positions
from services.consent.model import Change
from services.consent.refusals import StoreBehindError
from shared.directive import DENY, Directive, Provision, packed, unpacked
from shared.mongo import open_mongo
from shared.vocabulary import PatientId
from tests.enforcing.world import PATIENTS, Pause, World

ONE, TWO, _THREE = PATIENTS
A, B = "a" * 32, "b" * 32


@dataclass
class FenceDesk:
    """`within` runs one story to its end; `session` is what a causal one is."""

    fence: Any
    keep: Callable[[Directive, Any], Awaitable[Any]]
    within: Callable[[Awaitable[Any]], Awaitable[Any]]
    causal: Callable[[], Any]

    async def withdraws(self, patient: PatientId, *, fails: bool = False) -> FenceState:
        seen: list[FenceState] = []

        async def work(state: FenceState, session: Any) -> Any:
            seen.append(state)
            await self.keep(Directive(patient, state.head, state.epoch, (Provision(DENY),)), session)
            if fails:
                raise RuntimeError
            return Change("x", patient, "x", state.epoch, state.head, tuple(state.members))

        await self.within(self.fence.change(work))
        return seen[-1]

    async def grants(self, incarnation: str, *, epoch: int | None = 1, number: int = 0) -> FenceState:
        async def granted() -> Any:
            async with self.causal() as session:
                return await self.fence.grant(incarnation, epoch=epoch, number=number, session=session)

        return await self.within(granted())  # type: ignore[no-any-return]

    async def numbers_above(self, number: int) -> list[int]:
        async def rows() -> list[int]:
            async with self.causal() as session:
                head = (await self.fence.grant(A, epoch=1, number=0, session=session)).head
                rows = self.fence.directives_above(number, head=head, session=session)
                return [unpacked(one).number async for many in rows for one in many]

        return sorted(await self.within(rows()))

    async def state(self) -> FenceState:
        return await self.within(self.fence.state())  # type: ignore[no-any-return]


async def _played(story: Awaitable[Any]) -> Any:
    """A story of the model, driven to its end."""
    steps = story.__await__()
    try:
        while True:
            assert isinstance(next(steps), Pause)
    except StopIteration as end:
        return end.value


@pytest.fixture(params=["motor", "pymongo", "played"])
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[FenceDesk]:
    if request.param == "played":
        world = World()
        registry = world.registries[0]

        async def keep(directive: Directive, _session: Any) -> None:
            from shared.directive import packed

            world.store.directives = {**world.store.directives, directive.patient: (directive.number, packed(directive))}

        yield FenceDesk(registry.fence, keep, _played, registry.causal)
        return
    servers: Servers = request.getfixturevalue("servers")
    mongo = open_mongo(servers.mongodb_uri, driver=request.param)
    fence = Fence(mongo, mongo.database(f"fence_{uuid.uuid4().hex[:12]}"))
    await fence.prepare()
    await fence.prepare()

    async def itself(story: Awaitable[Any]) -> Any:
        return await story

    async def keep_there(directive: Directive, session: Any) -> bytes:
        return await fence.keep(directive, session=session)

    yield FenceDesk(fence, keep_there, itself, mongo.causal)
    await mongo.close()


class TestFence:
    async def test_draws_each_number_once_in_the_order_of_commits(self, desk: FenceDesk) -> None:
        drawn = [(await desk.withdraws(patient)).head for patient in (ONE, TWO, ONE)]

        assert drawn == [1, 2, 3]
        assert (await desk.state()).head == 3
        assert await desk.numbers_above(0) == [2, 3]
        assert await desk.numbers_above(2) == [3]
        assert await desk.numbers_above(3) == []

    async def test_tells_a_change_the_members_of_its_own_transaction(self, desk: FenceDesk) -> None:
        await desk.grants(A)
        await desk.grants(B, number=0)

        assert set((await desk.withdraws(ONE)).members) == {A, B}

    async def test_grants_what_never_comes_again(self, desk: FenceDesk) -> None:
        states = [await desk.grants(A), await desk.grants(B), await desk.grants(A)]
        await desk.within(desk.fence.remove(A))
        states.append(await desk.grants(A))

        grants = [states[0].members[A].grant, states[1].members[B].grant, states[2].members[A].grant, states[3].members[A].grant]
        assert len(set(grants)) == 4

    async def test_keeps_the_highest_number_that_was_stated_in_this_epoch(self, desk: FenceDesk) -> None:
        await desk.grants(A, number=5)
        assert (await desk.grants(A, number=3)).members[A].number == 5
        assert (await desk.grants(B, epoch=7, number=9)).members[B].number == 0
        assert (await desk.grants(B, epoch=None, number=9)).members[B].number == 0

    async def test_removes_for_one_grant_only(self, desk: FenceDesk) -> None:
        first = (await desk.grants(A)).members[A].grant
        second = (await desk.grants(A)).members[A].grant

        assert not await desk.within(desk.fence.remove(A, grant=first))
        assert set((await desk.state()).members) == {A}
        assert await desk.within(desk.fence.remove(A, grant=second))
        assert not await desk.within(desk.fence.remove(A, grant=second))
        assert set((await desk.state()).members) == set()

    async def test_begins_an_epoch_once(self, desk: FenceDesk) -> None:
        await desk.grants(A, number=0)
        await desk.withdraws(ONE)
        begun = [await desk.within(desk.fence.begin_epoch(ended=1, head=head)) for head in (9, 20)]

        assert [(one.epoch, one.head) for one in begun] == [(2, 9), (2, 9)]
        assert (await desk.withdraws(ONE)).head == 10

    async def test_keeps_its_members_in_the_next_epoch_but_not_what_they_stated(self, desk: FenceDesk) -> None:
        await desk.withdraws(ONE)
        granted = await desk.grants(A, number=1)

        begun = await desk.within(desk.fence.begin_epoch(ended=1, head=1))

        assert (begun.members[A].grant, begun.members[A].number) == (granted.members[A].grant, 0)
        assert set((await desk.withdraws(ONE)).members) == {A}

    async def test_is_behind_an_incarnation_that_stated_more_than_it_gave_out(self, desk: FenceDesk) -> None:
        assert not (await desk.grants(A, number=0)).is_behind
        assert not (await desk.grants(A, epoch=7, number=3)).is_behind
        assert (await desk.grants(A, number=3)).is_behind
        assert (await desk.grants(B, number=0)).is_behind
        assert not (await desk.within(desk.fence.begin_epoch(ended=1, head=3))).is_behind

    async def test_grants_nobody_a_lease_while_it_is_behind(self, desk: FenceDesk) -> None:
        async def asks(number: int) -> Any:
            asked = Asked(B, 1, number)
            parts = grant_lease(asked, fence=desk.fence, positions=Positions(), lease=20.0, causal=desk.causal)
            async with aclosing(parts):
                return await anext(parts)

        assert (await desk.within(asks(0))).head == 0
        for number in (3, 0):
            with pytest.raises(StoreBehindError):
                await desk.within(asks(number))


class TestRealFence:
    """What the model need not play, for there a story that fails changes nothing by itself."""

    @pytest.fixture
    async def real(self, servers: Servers) -> AsyncIterator[FenceDesk]:
        mongo = open_mongo(servers.mongodb_uri)
        fence = Fence(mongo, mongo.database(f"fence_{uuid.uuid4().hex[:12]}"))
        await fence.prepare()

        async def itself(story: Awaitable[Any]) -> Any:
            return await story

        async def keep(directive: Directive, session: Any) -> bytes:
            return await fence.keep(directive, session=session)

        yield FenceDesk(fence, keep, itself, mongo.causal)
        await mongo.close()

    async def test_leaves_no_gap_when_a_change_fails(self, real: FenceDesk) -> None:
        await real.withdraws(ONE)
        with pytest.raises(RuntimeError):
            await real.withdraws(TWO, fails=True)

        assert (await real.withdraws(TWO)).head == 2
        assert await real.numbers_above(0) == [1, 2]

    async def test_gives_few_directives_among_many_numbers_and_many_among_as_many(self, real: FenceDesk) -> None:
        numbers = [*range(1, 5001), 70_000, 900_000, 900_002]
        rows = [(PatientId(f"00000000-0000-4000-8000-{number:012d}"), number) for number in numbers]
        values = [{"_id": patient, "number": number, "value": packed(Directive(patient, number, 1))} for patient, number in rows]
        await real.fence._directives.insert_many(values)

        async with real.causal() as session:
            lists = [[unpacked(one).number for one in many] async for many in real.fence.directives_above(3, head=900_000, session=session)]

        assert [number for one in lists for number in one] == numbers[3:]
        assert max(map(len, lists)) <= 2048

    async def test_orders_changes_and_leases_made_at_once(self, real: FenceDesk) -> None:
        """Every lease's rows reach its head, whatever is committed meanwhile."""

        async def leases() -> list[tuple[int, list[int]]]:
            found = []
            for _ in range(10):
                async with real.causal() as session:
                    state = await _until_granted(real, session)
                    rows = [
                        unpacked(one).number
                        async for many in real.fence.directives_above(0, head=state.head, session=session)
                        for one in many
                    ]
                    found.append((state.head, sorted(rows)))
            return found

        async def changes(first: int) -> None:
            for number in range(first, first + 10):
                await real.withdraws(PatientId(f"00000000-0000-4000-8000-0000000001{number:02d}"))

        found, *_ = await asyncio.gather(leases(), changes(0), changes(10))

        assert [head for head, rows in found if not set(range(1, head + 1)) <= set(rows)] == []
        assert (await real.state()).head == 20


async def _until_granted(real: FenceDesk, session: Any) -> FenceState:
    from shared.mongo import MongoError

    while True:
        try:
            return await real.fence.grant(A, epoch=1, number=0, session=session)  # type: ignore[no-any-return]
        except MongoError:  # a write conflict: the replica would ask again
            await asyncio.sleep(0.01)
