"""A MongoDB that is killed after it committed and before it said so: what was to be done is not done twice."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from deploy.local.children import Children
from deploy.local.home import claim_home
from deploy.local.mongodb import start_mongodb
from deploy.local.ports import LOOPBACK, Ports, find_free_ports
from deploy.local.stack import ROOT
from deploy.local.tools import ensure_tools
from shared.mongo import MongoError, open_mongo
from tests.shared.proxies import pump

_COMMITS_WITHIN = 0.3


@dataclass(frozen=True)
class Server:
    children: Children
    ports: Ports
    uri: str

    def kill(self) -> None:
        self.children.start_again("mongodb")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home, ports, children = (
        claim_home(tmp_path_factory.mktemp("commit") / "home", portal="a test", say=print),
        find_free_ports(),
        Children(),
    )
    yield Server(children, ports, start_mongodb(home, ports, children, ensure_tools(ROOT, print)))
    children.stop_all()
    home.release()


@dataclass
class DeafWire:
    """Passes everything on; but of the first commit it never hears the answer, `then` happens, and the connection ends."""

    target: int
    then: Callable[[], None]
    commits: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, onward = await asyncio.open_connection(LOOPBACK, self.target)
        except OSError:
            writer.transport.abort()
            return
        answers = asyncio.create_task(pump(there, writer))
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65_536):
                self.commits += b"commitTransaction" in chunk
                last = b"commitTransaction" in chunk and self.commits == 1
                if last:
                    answers.cancel()
                onward.write(chunk)
                await onward.drain()
                if last:
                    await asyncio.sleep(_COMMITS_WITHIN)
                    await asyncio.to_thread(self.then)
                    break
        answers.cancel()
        for end in (writer, onward):
            end.transport.abort()


@dataclass
class Told:
    runs: int = 0
    error: BaseException | None = None
    stored: Any = None


async def count_up(server: Server, driver: Any, then: Callable[[], None]) -> Told:
    """One transaction that adds 1 to a counter, through the wire; what is stored is read without it."""
    told, wire = Told(), DeafWire(server.ports["mongodb"], then)
    listening = await asyncio.start_server(wire.serve, LOOPBACK, 0)
    port = listening.sockets[0].getsockname()[1]
    through = server.uri.replace(str(server.ports["mongodb"]), str(port))
    async with open_mongo(server.uri, driver=driver) as plain, open_mongo(through, driver=driver) as mongo:
        direct, rows = (one.database("commits").get_collection(driver) for one in (plain, mongo))
        await direct.replace_one({"_id": "counter"}, {"_id": "counter", "n": 0}, upsert=True)

        async def work(session: Any) -> None:
            told.runs += 1
            found = await rows.find_one({"_id": "counter"}, session=session)
            await rows.update_one({"_id": "counter"}, {"$set": {"n": found["n"] + 1}}, session=session)

        try:
            await mongo.transact(work)
        except MongoError as error:
            told.error = error
        told.stored = (await direct.find_one({"_id": "counter"}))["n"]
    listening.close()
    assert wire.commits > 1
    return told


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
class TestACommitOfWhichNothingWasHeard:
    async def test_is_asked_for_again_while_the_server_lives(self, server: Server, driver: str) -> None:
        told = await count_up(server, driver, lambda: None)

        assert (told.runs, told.error, told.stored) == (1, None, 1)

    async def test_is_an_error_and_no_second_run_once_the_server_has_forgotten(self, server: Server, driver: str) -> None:
        told = await count_up(server, driver, server.kill)

        assert (told.runs, told.stored) == (1, 1)
        assert told.error is not None
