"""Tasks beside the answers end when they are told to, and what is not there yet is waited for."""

import asyncio

import pytest
from structlog.testing import capture_logs

from shared.background import end_tasks
from shared.mongo import MongoError
from shared.vault import VaultUnavailableError
from shared.waiting import until_done


class TestEndTasks:
    async def test_asks_again_whoever_lost_a_cancellation(self) -> None:
        lost: list[bool] = []

        async def loses_the_first() -> None:
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    if lost:
                        raise
                    lost.append(True)

        task = asyncio.create_task(loses_the_first())
        await asyncio.sleep(0)

        async with asyncio.timeout(10):
            await end_tasks([task])

        assert (task.cancelled(), lost) == (True, [True])

    async def test_takes_note_of_those_that_had_failed(self) -> None:
        async def fails() -> None:
            raise MongoError

        task = asyncio.create_task(fails())
        await asyncio.sleep(0)

        await end_tasks([task])

        assert task.done()

    async def test_of_nothing_returns(self) -> None:
        await end_tasks([])


class TestUntilDone:
    async def test_tries_until_what_passes_has_passed(self) -> None:
        left: list[Exception] = [MongoError(), VaultUnavailableError("sealed")]

        async def work() -> None:
            if left:
                raise left.pop(0)

        with capture_logs() as logged:
            await until_done(work, said="tests.waiting", needs="mongodb")

        assert [(one["event"], one["needs"], one["error"]) for one in logged] == [
            ("tests.waiting", "mongodb", "PyMongoError"),
            ("tests.waiting", "mongodb", "VaultUnavailableError"),
        ]

    async def test_lets_a_surprise_rise(self) -> None:
        async def work() -> None:
            raise KeyError

        with pytest.raises(KeyError):
            await until_done(work, said="tests.waiting", needs="mongodb")
