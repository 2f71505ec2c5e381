"""Opens MongoDB by Motor or by PyMongo Async; the only place that knows a driver."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeVar

from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, ReadPreference  # noqa: TID251 - the one place
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError  # noqa: TID251 - the one place
from pymongo.read_concern import ReadConcern  # noqa: TID251 - the one place
from pymongo.write_concern import WriteConcern  # noqa: TID251 - the one place

__all__ = ["BulkWriteError", "Database", "DuplicateKeyError", "Mongo", "MongoError", "open_mongo"]

MongoError = PyMongoError
Database = Any
"""A database of either driver: the calls that services use are the same in both."""

Driver = Literal["motor", "pymongo"]
T = TypeVar("T")
_MAJORITY = WriteConcern("majority", wtimeout=10_000)


class Mongo:
    """One client, and the databases its user may open; writes are acknowledged by a majority, reads see only such writes."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def database(self, name: str) -> Database:
        codec: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
        return self._client.get_database(name, codec_options=codec, write_concern=_MAJORITY, read_concern=ReadConcern("majority"))

    async def transact(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Runs `work(session)` in one transaction (snapshot read, majority write), again from the start on a write conflict.

        An unknown commit result is committed again by the driver until it is known; `work` must therefore be free of other effects.
        """
        started = self._client.start_session()
        session = await started if inspect.isawaitable(started) else started
        async with session:
            return await session.with_transaction(  # type: ignore[no-any-return]
                work, read_concern=ReadConcern("snapshot"), write_concern=_MAJORITY, read_preference=ReadPreference.PRIMARY
            )

    async def ping(self) -> None:
        await self._client.admin.command("ping")

    async def close(self) -> None:
        closed = self._client.close()
        if inspect.isawaitable(closed):
            await closed


def open_mongo(uri: str, *, driver: Driver = "motor") -> Mongo:
    """Connects lazily; a server that is down shows itself at the first call, within two seconds."""
    options: dict[str, Any] = {"serverSelectionTimeoutMS": 2000, "connectTimeoutMS": 2000, "socketTimeoutMS": 15000, "tz_aware": True}
    if driver == "pymongo":
        return Mongo(AsyncMongoClient(uri, **options))
    from motor.motor_asyncio import AsyncIOMotorClient  # noqa: TID251 - the one place

    return Mongo(AsyncIOMotorClient(uri, **options))
