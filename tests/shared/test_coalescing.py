"""Proves that lookups asked for together become few calls, and that nobody who waits pays for another."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from shared.coalescing import Coalesced


@dataclass
class Shelf:
    """Answers each round when it is told to; every key has its name in capitals, except those that are absent."""

    absent: frozenset[str] = frozenset()
    error: Exception | None = None
    rounds: list[list[str]] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def load(self, keys: list[str]) -> Mapping[str, str]:
        self.rounds.append(keys)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await self.go.wait()
            if self.error:
                raise self.error
            return {key: key.upper() for key in keys if key not in self.absent}
        finally:
            self.in_flight -= 1


async def asked(lookups: Coalesced[str, str], *keys: str) -> list["asyncio.Task[str | None]"]:
    """One waiter per key, given the time to ask."""

    async def wait_for(key: str) -> str | None:
        return await lookups.get(key)

    waiters = [asyncio.create_task(wait_for(key)) for key in keys]
    for _ in range(3):
        await asyncio.sleep(0)
    return waiters


class TestCoalesced:
    async def test_asks_once_for_all_that_is_asked_together(self) -> None:
        shelf = Shelf(absent=frozenset({"c"}))
        waiters = await asked(Coalesced(shelf.load), "a", "b", "a", "c")
        shelf.go.set()

        assert await asyncio.gather(*waiters) == ["A", "B", "A", None]
        assert shelf.rounds == [["a", "b", "c"]]

    async def test_has_two_rounds_in_flight_at_most(self) -> None:
        shelf = Shelf()
        lookups = Coalesced(shelf.load)
        waiters = [waiter for number in range(20) for waiter in await asked(lookups, f"k{number}")]
        assert shelf.rounds == [["k0"], ["k1"]]
        shelf.go.set()

        assert await asyncio.gather(*waiters) == [f"K{number}" for number in range(20)]
        assert shelf.most_in_flight == 2
        assert shelf.rounds[2] == [f"k{number}" for number in range(2, 20)]

    async def test_gives_keys_that_arrive_during_a_round_to_the_next_one(self) -> None:
        shelf = Shelf()
        lookups = Coalesced(shelf.load)
        first = await asked(lookups, "a")
        again = await asked(lookups, "a")
        shelf.go.set()

        assert await asyncio.gather(*first, *again) == ["A", "A"]
        assert shelf.rounds == [["a"], ["a"]]

    async def test_never_asks_for_more_than_the_largest_round(self) -> None:
        shelf = Shelf()
        shelf.go.set()
        keys = [f"k{number}" for number in range(1001)]

        found = await asyncio.gather(*(await asked(Coalesced(shelf.load, largest=100), *keys)))

        assert found == [key.upper() for key in keys]
        assert [len(keys) for keys in shelf.rounds] == [100] * 10 + [1]

    async def test_tells_an_error_to_everyone_who_waited_and_to_nobody_else(self) -> None:
        shelf = Shelf(error=LookupError("the shelf fell"))
        lookups = Coalesced(shelf.load)
        waiters = await asked(lookups, "a", "b", "a")
        shelf.go.set()

        assert [type(one) for one in await asyncio.gather(*waiters, return_exceptions=True)] == [LookupError] * 3
        shelf.error = None
        assert await lookups.get("a") == "A"

    async def test_goes_on_after_a_waiter_left_before_the_answer(self) -> None:
        shelf = Shelf()
        lookups = Coalesced(shelf.load)
        gone, stays = await asked(lookups, "a", "b")
        gone.cancel()
        shelf.go.set()

        async with asyncio.timeout(1):
            assert await stays == "B"
        async with asyncio.timeout(1):
            assert await lookups.get("a") == "A"

    async def test_answers_one_waiter_when_another_of_the_same_key_left(self) -> None:
        shelf = Shelf()
        gone, stays = await asked(Coalesced(shelf.load), "a", "a")
        gone.cancel()
        await asyncio.sleep(0)
        shelf.go.set()

        async with asyncio.timeout(1):
            assert await stays == "A"

    async def test_answers_who_asks_for_a_key_whose_first_waiter_left_before_the_round(self) -> None:
        shelf = Shelf()
        lookups = Coalesced(shelf.load)
        await asked(lookups, "x")
        await asked(lookups, "y")
        (gone,) = await asked(lookups, "a")
        gone.cancel()
        await asyncio.sleep(0)
        (late,) = await asked(lookups, "a")
        shelf.go.set()

        async with asyncio.timeout(1):
            assert await late == "A"

    async def test_says_nothing_to_the_loop_about_an_error_whose_waiters_left(self) -> None:
        told: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
        shelf = Shelf(error=LookupError("the shelf fell"))
        (gone,) = await asked(Coalesced(shelf.load), "a")
        gone.cancel()
        shelf.go.set()

        with pytest.raises(asyncio.CancelledError):
            await gone
        await asyncio.sleep(0.01)

        asyncio.get_running_loop().set_exception_handler(None)
        assert told == []
