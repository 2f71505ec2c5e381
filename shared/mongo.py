"""Opens MongoDB by Motor or by PyMongo Async; the only place that knows a driver."""

import asyncio
import inspect
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Literal, Self, TypeVar

from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, ReadPreference  # noqa: TID251 - the one place
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError  # noqa: TID251 - the one place
from pymongo.read_concern import ReadConcern  # noqa: TID251 - the one place
from pymongo.write_concern import WriteConcern  # noqa: TID251 - the one place

from shared.errors import AnticipatedError, Sentence

__all__ = ["BulkWriteError", "Database", "DuplicateKeyError", "Mongo", "MongoError", "StoreUnreachableError", "open_mongo"]

MongoError = PyMongoError
Database = Any
"""A database of either driver: the calls that services use are the same in both."""

Driver = Literal["motor", "pymongo"]
T = TypeVar("T")
_MAJORITY = WriteConcern("majority", wtimeout=10_000)
_TRIED_FOR = 10.0
_NO_SUCH_TRANSACTION = 251
_TURN = 0.0005
"""Motor hands each call to a thread, which would otherwise wait up to 5 ms for its turn while the event loop computes."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.5


class StoreUnreachableError(AnticipatedError):
    """MongoDB does not answer; what was sent may be tried again."""

    slug: ClassVar[str] = "store-unreachable"
    status: ClassVar[int] = 503
    fhir_code: ClassVar[str] = "transient"
    sentence: ClassVar[Sentence] = Sentence(
        "What is kept here cannot be reached right now. Try again in a moment.",
        "Les données conservées ici sont momentanément inaccessibles. Réessayez dans un instant.",
    )


class Mongo:
    """One client, and the databases its user may open; writes are acknowledged by a majority, reads see only such writes."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_ended: object) -> None:
        await self.close()

    def database(self, name: str) -> Database:
        codec: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
        return self._client.get_database(name, codec_options=codec, write_concern=_MAJORITY, read_concern=ReadConcern("majority"))

    async def transact(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Runs `work(session)` in one transaction (snapshot read, majority write), again from the start on a write conflict.

        The pauses between grow: the transaction of a process that was killed holds its documents for up to a minute, and whoever wants them
        must not keep the server from everybody else.
        An unknown commit result is committed again until it is known, and what may have been committed is never run again: the error
        rises, and the caller reads back. Both end after ten seconds with the last error: the drivers' own `with_transaction` lets a
        caller wait for two minutes.
        """
        started = self._client.start_session()
        session = await started if inspect.isawaitable(started) else started
        deadline, pause = time.monotonic() + _TRIED_FOR, _FIRST_PAUSE
        async with session:
            while True:
                begun = session.start_transaction(ReadConcern("snapshot"), _MAJORITY, ReadPreference.PRIMARY)
                if inspect.isawaitable(begun):
                    await begun
                committing = False
                try:
                    result = await work(session)
                    committing = True
                    await _commit(session, deadline)
                except BaseException as error:
                    if session.in_transaction:
                        await session.abort_transaction()
                    if not _may_run_again(error, committing=committing) or time.monotonic() > deadline:
                        raise
                else:
                    return result
                await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter
                pause = min(2 * pause, _LONGEST_PAUSE)

    @asynccontextmanager
    async def causal(self) -> AsyncIterator[Any]:
        """A session in which each read sees at least what the one before it saw, majority reads from the primary."""
        started = self._client.start_session(causal_consistency=True)
        session = await started if inspect.isawaitable(started) else started
        async with session:
            yield session

    async def ping(self) -> None:
        await self._client.admin.command("ping")

    async def close(self) -> None:
        closed = self._client.close()
        if inspect.isawaitable(closed):
            await closed


async def _commit(session: Any, deadline: float) -> None:
    while True:
        try:
            await session.commit_transaction()
        except MongoError as error:
            if not _is_labelled(error, "UnknownTransactionCommitResult") or time.monotonic() > deadline:
                raise
        else:
            return


def _may_run_again(error: BaseException, *, committing: bool) -> bool:
    """Not when the server knows no such transaction at its commit: the driver sends that twice, and a server that crashed has forgotten."""
    forgotten = committing and getattr(error, "code", None) == _NO_SUCH_TRANSACTION
    return _is_labelled(error, "TransientTransactionError") and not forgotten


def _is_labelled(error: BaseException, label: str) -> bool:
    return isinstance(error, MongoError) and error.has_error_label(label)


def open_mongo(uri: str, *, driver: Driver = "motor") -> Mongo:
    """Connects lazily; a server that is down shows itself at the first call, within two seconds."""
    options: dict[str, Any] = {"serverSelectionTimeoutMS": 2000, "connectTimeoutMS": 2000, "socketTimeoutMS": 15000, "tz_aware": True}
    if driver == "pymongo":
        return Mongo(AsyncMongoClient(uri, **options))
    from motor.motor_asyncio import AsyncIOMotorClient  # noqa: TID251 - the one place

    sys.setswitchinterval(_TURN)
    return Mongo(AsyncIOMotorClient(uri, **options))
