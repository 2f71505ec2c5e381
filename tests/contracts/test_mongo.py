"""Holds both drivers, on the server of this run, to what services rely on."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.local.stack import Stack
from shared.mongo import BulkWriteError, DuplicateKeyError, Mongo, MongoError, open_mongo

DRIVERS = ["motor", "pymongo"]
NOW = datetime(2026, 11, 25, 18, 6, 37, 125000, tzinfo=UTC)


@pytest.fixture(scope="module", params=DRIVERS)
async def mongo(request: pytest.FixtureRequest, stack: Stack) -> AsyncIterator[Mongo]:
    opened = open_mongo(stack.servers.mongodb_uri, driver=request.param)
    yield opened
    await opened.close()


@pytest.fixture
def database(mongo: Mongo) -> Any:
    return mongo.database(f"contract_{uuid.uuid4().hex[:12]}")


@pytest.fixture
def rows(database: Any) -> Any:
    return database.get_collection("rows")


@pytest.fixture
async def ten(rows: Any) -> Any:
    await rows.insert_many([{"_id": n, "owner": "ab"[n % 2], "at": n // 3} for n in range(10)])
    return rows


async def ids(cursor: Any) -> list[Any]:
    return [row["_id"] for row in await cursor.to_list(length=None)]


class Stop(Exception):  # noqa: N818 - not an error of the product
    """What a story raises in the middle of a transaction."""


class TestReading:
    async def test_sorts_and_limits(self, ten: Any) -> None:
        assert await ids(ten.find({}).sort([("at", -1), ("_id", 1)]).limit(4)) == [9, 6, 7, 8]
        assert await ids(ten.find({}).sort("_id", -1).limit(2)) == [9, 8]

    async def test_filters(self, ten: Any) -> None:
        assert await ids(ten.find({"_id": {"$in": [3, 4, 99]}}).sort("_id", 1)) == [3, 4]
        assert await ids(ten.find({"_id": {"$gte": 2, "$lt": 5}}).sort("_id", 1)) == [2, 3, 4]
        assert await ids(ten.find({"$or": [{"_id": 1}, {"at": {"$gt": 2}}], "owner": {"$ne": "a"}, "gone": {"$exists": False}})) == [1, 9]

    async def test_shows_only_what_is_asked_for(self, ten: Any) -> None:
        assert await ten.find({"_id": 5}, projection={"owner": 1}).to_list(length=None) == [{"_id": 5, "owner": "b"}]

    async def test_walks_in_batches(self, ten: Any) -> None:
        assert [row["_id"] async for row in ten.find({}).sort("_id", 1).batch_size(3)] == list(range(10))

    async def test_finds_the_first_of_an_order(self, ten: Any) -> None:
        found = await ten.find_one({"owner": "a", "_id": {"$gt": 2}}, sort=[("_id", 1)], projection={"_id": 1})

        assert found == {"_id": 4}
        assert await ten.find_one({"_id": 99}) is None

    async def test_counts(self, ten: Any) -> None:
        assert await ten.count_documents({"owner": "a"}) == 5

    async def test_gives_back_bytes_and_instants_as_they_were(self, rows: Any) -> None:
        await rows.insert_one({"_id": b"\0\xff", "at": NOW, "sealed": bytes(range(256)), "pairs": [["h", b"\x01"]], "big": 2**53 + 1})

        found = await rows.find_one({"_id": b"\0\xff"})

        assert found["at"] == NOW
        assert found["at"].tzinfo is not None
        assert (bytes(found["sealed"]), found["pairs"], found["big"]) == (bytes(range(256)), [["h", b"\x01"]], 2**53 + 1)


class TestWriting:
    async def test_tells_what_a_replacement_met(self, ten: Any) -> None:
        met = await ten.replace_one({"_id": 1, "at": 0}, {"new": True})
        missed = await ten.replace_one({"_id": 1, "at": 0}, {"new": False})
        made = await ten.replace_one({"_id": 77}, {"new": True}, upsert=True)

        assert (met.matched_count, missed.matched_count, made.upserted_id) == (1, 0, 77)
        assert await ten.find_one({"_id": 1}) == {"_id": 1, "new": True}

    async def test_updates_and_makes_what_is_missing(self, rows: Any) -> None:
        for beats in (1, 2):
            await rows.update_one({"_id": "i"}, {"$set": {"beats": beats}, "$inc": {"n": 1}, "$setOnInsert": {"made": True}}, upsert=True)

        assert await rows.find_one({"_id": "i"}) == {"_id": "i", "beats": 2, "n": 2, "made": True}

    async def test_finds_and_updates_or_makes(self, rows: Any) -> None:
        lease = {"$set": {"owner": "one", "until": NOW}}
        first = await rows.find_one_and_update({"_id": "r"}, lease, upsert=True, return_document=True)
        before = await rows.find_one_and_update({"_id": "r"}, {"$set": {"owner": "two"}})

        assert (first["owner"], before["owner"]) == ("one", "one")

    async def test_refuses_an_upsert_whose_id_is_there_under_another_condition(self, rows: Any) -> None:
        await rows.insert_one({"_id": "r", "owner": "one"})

        with pytest.raises(DuplicateKeyError):
            await rows.find_one_and_update({"_id": "r", "owner": "two"}, {"$set": {"owner": "two"}}, upsert=True)

    async def test_takes_a_row_once(self, rows: Any) -> None:
        await rows.insert_one({"_id": "cookie"})

        taken = await asyncio.gather(*(rows.find_one_and_delete({"_id": "cookie"}) for _ in range(5)))

        assert [one for one in taken if one] == [{"_id": "cookie"}]
        assert taken.count(None) == 4

    async def test_deletes(self, ten: Any) -> None:
        one = await ten.delete_one({"_id": 0})
        none = await ten.delete_one({"_id": 0})
        many = await ten.delete_many({"_id": {"$in": [1, 2, 99]}})

        assert (one.deleted_count, none.deleted_count, many.deleted_count) == (1, 0, 2)

    async def test_refuses_a_double_id(self, ten: Any) -> None:
        with pytest.raises(DuplicateKeyError):
            await ten.insert_one({"_id": 3})
        with pytest.raises(BulkWriteError) as refused:
            await ten.insert_many([{"_id": 100}, {"_id": 4}, {"_id": 101}])

        assert [failure["code"] for failure in refused.value.details["writeErrors"]] == [11000]
        assert await ids(ten.find({"_id": {"$gte": 100}})) == [100]

    async def test_refuses_a_double_in_a_unique_index(self, rows: Any) -> None:
        await rows.create_index([("digest", 1)], unique=True)
        await rows.insert_one({"digest": b"d"})

        with pytest.raises(DuplicateKeyError):
            await rows.insert_one({"digest": b"d"})

    async def test_lets_one_of_many_at_once_win_an_id(self, rows: Any) -> None:
        outcomes = await asyncio.gather(*(rows.insert_one({"_id": "one", "by": n}) for n in range(20)), return_exceptions=True)

        assert sum(isinstance(outcome, DuplicateKeyError) for outcome in outcomes) == 19
        assert await rows.count_documents({}) == 1

    async def test_lets_one_of_many_at_once_meet_a_condition(self, rows: Any) -> None:
        await rows.insert_one({"_id": "v", "version": 1})

        met = await asyncio.gather(*(rows.replace_one({"_id": "v", "version": 1}, {"version": 2, "by": n}) for n in range(20)))

        assert sum(result.matched_count for result in met) == 1

    def test_waits_for_a_majority_and_reads_no_less(self, database: Any) -> None:
        assert database.get_collection("rows").write_concern.document == {"w": "majority", "wtimeout": 10_000}
        assert database.get_collection("rows").read_concern.document == {"level": "majority"}


class TestTransact:
    async def test_stores_all_and_answers_what_the_work_answers(self, mongo: Mongo, database: Any) -> None:
        async def work(session: Any) -> str:
            await database.get_collection("rows").insert_one({"_id": 1}, session=session)
            await database.get_collection("outbox").insert_many([{"_id": 1}, {"_id": 2}], session=session)
            return "done"

        assert await mongo.transact(work) == "done"
        assert await database.get_collection("rows").count_documents({}) == 1
        assert await database.get_collection("outbox").count_documents({}) == 2

    async def test_stores_nothing_and_lets_the_error_rise(self, mongo: Mongo, rows: Any) -> None:
        await rows.insert_one({"_id": "kept", "n": 1})

        async def work(session: Any) -> None:
            await rows.insert_one({"_id": "never"}, session=session)
            await rows.update_one({"_id": "kept"}, {"$set": {"n": 2}}, session=session)
            await rows.delete_one({"_id": "kept"}, session=session)
            raise Stop

        with pytest.raises(Stop):
            await mongo.transact(work)

        assert await rows.find({}).to_list(length=None) == [{"_id": "kept", "n": 1}]

    async def test_stores_nothing_when_it_is_cancelled(self, mongo: Mongo, rows: Any) -> None:
        inside = asyncio.Event()

        async def work(session: Any) -> None:
            await rows.insert_one({"_id": "never"}, session=session)
            inside.set()
            await asyncio.sleep(60)

        task = asyncio.create_task(mongo.transact(work))
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert await rows.count_documents({}) == 0
        await rows.insert_one({"_id": "never"})

    async def test_stores_nothing_after_a_double_id(self, mongo: Mongo, rows: Any) -> None:
        await rows.insert_one({"_id": "there"})

        async def work(session: Any) -> None:
            await rows.insert_one({"_id": "never"}, session=session)
            await rows.insert_many([{"_id": "there"}], session=session)

        with pytest.raises((DuplicateKeyError, BulkWriteError)):
            await mongo.transact(work)

        assert await ids(rows.find({})) == ["there"]

    async def test_begins_anew_on_a_write_conflict(self, mongo: Mongo, rows: Any) -> None:
        await rows.insert_one({"_id": "counter", "n": 0})
        begun = 0
        together = asyncio.Barrier(2)

        async def work(session: Any) -> None:
            nonlocal begun
            begun += 1
            first = begun <= 2
            found = await rows.find_one({"_id": "counter"}, session=session)
            if first:
                await together.wait()
            await rows.update_one({"_id": "counter"}, {"$set": {"n": found["n"] + 1}}, session=session)

        async with asyncio.timeout(20):
            await asyncio.gather(mongo.transact(work), mongo.transact(work))

        assert (await rows.find_one({"_id": "counter"}))["n"] == 2
        assert begun > 2

    async def test_reads_one_moment_throughout(self, mongo: Mongo, rows: Any) -> None:
        await rows.insert_one({"_id": "a", "n": 1})

        async def work(session: Any) -> list[Any]:
            first = await rows.find_one({"_id": "a"}, session=session)
            await rows.update_one({"_id": "a"}, {"$set": {"n": 2}})
            await rows.insert_one({"_id": "b"})
            second = await rows.find({}, session=session).to_list(length=None)
            return [first, *second]

        assert await mongo.transact(work) == [{"_id": "a", "n": 1}, {"_id": "a", "n": 1}]
        assert (await rows.find_one({"_id": "a"}))["n"] == 2

    async def test_reads_its_own_writes_and_shows_them_to_nobody_before_the_end(self, mongo: Mongo, rows: Any) -> None:
        async def work(session: Any) -> tuple[Any, Any]:
            await rows.insert_one({"_id": "a"}, session=session)
            return await rows.find_one({"_id": "a"}, session=session), await rows.find_one({"_id": "a"})

        assert await mongo.transact(work) == ({"_id": "a"}, None)

    async def test_asks_for_a_snapshot_and_a_majority(self, mongo: Mongo) -> None:
        """The server of this run gives no less even when nobody asks; a replica set does."""

        async def work(session: Any) -> Any:
            return getattr(session, "delegate", session)._transaction.opts

        asked = await mongo.transact(work)

        assert asked.read_concern.document == {"level": "snapshot"}
        assert asked.write_concern.document == {"w": "majority", "wtimeout": 10_000}

    async def test_meets_a_condition_once(self, mongo: Mongo, rows: Any) -> None:
        """Conditional writes, as the ledger's head and a resource's version are."""
        await rows.insert_one({"_id": "head", "size": 0})

        async def work(session: Any) -> int:
            met = await rows.replace_one({"_id": "head", "size": 0}, {"size": 1}, session=session)
            return int(met.matched_count)

        assert sum(await asyncio.gather(*(mongo.transact(work) for _ in range(6)))) == 1


class TestOpenMongo:
    async def test_answers_a_ping(self, mongo: Mongo) -> None:
        await mongo.ping()

    @pytest.mark.parametrize("driver", DRIVERS)
    async def test_shows_within_seconds_that_nobody_is_there(self, driver: Any) -> None:
        nowhere = open_mongo("mongodb://127.0.0.1:1/?directConnection=true", driver=driver)

        with pytest.raises(MongoError):
            async with asyncio.timeout(4):
                await nowhere.ping()
        await nowhere.close()
