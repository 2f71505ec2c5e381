"""Proves on a real server that a chart is given from its newest end, whole and once, wherever its resources lie."""

import os
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from services.records.model import SealedRecord
from services.records.record_store import RecordStore, _row
from shared.mongo import open_mongo

OWNER, OTHER = str(uuid.uuid4()), str(uuid.uuid4())
AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
WRITTEN = 1500
"""More than the first windows hold."""


def a_record(ordinal: int, owner: str = OWNER) -> SealedRecord:
    """A few conditions among many observations; some places are those of versions that were replaced since."""
    type_ = "Condition" if ordinal % 400 == 3 else "Observation"
    return SealedRecord(type_, f"{owner[:8]}-{ordinal}", owner, 1, AT, b"s", ordinal % 50 == 0, "n", ordinal)


KEPT = [a_record(ordinal) for ordinal in range(WRITTEN) if ordinal % 11]


@pytest.fixture(scope="module")
async def store(servers) -> AsyncIterator[RecordStore]:
    mongo = open_mongo(servers.mongodb_uri, driver=os.environ.get("DRIVER") or "motor")
    database = mongo.database(f"records_{uuid.uuid4().hex[:12]}")
    rows = [_row(record) for record in (*KEPT, *(a_record(ordinal, OTHER) for ordinal in range(20)))]
    await database.get_collection("resources").insert_many(rows)
    yield RecordStore(database)
    await mongo.close()


def newest(*types: str, below: int = WRITTEN) -> list[str]:
    return [one.address for one in reversed(KEPT) if one.type in types and not one.deleted and one.ordinal < below]


async def given(store: RecordStore, *types: str, written: int = WRITTEN, after: str | None = None) -> list[str]:
    return [one.address async for one in store.newest_of(OWNER, types=types, written=written, after=after)]


class TestNewestOf:
    @pytest.mark.parametrize("types", [("Observation",), ("Condition",), ("Condition", "Observation"), ("Procedure",), ()])
    async def test_gives_all_of_these_types_once_the_newest_first(self, store: RecordStore, types: tuple[str, ...]) -> None:
        assert await given(store, *types) == newest(*types)

    @pytest.mark.parametrize("written", [0, 1, WRITTEN - 300, 10 * WRITTEN])
    async def test_misses_nothing_when_the_count_is_another_one(self, store: RecordStore, written: int) -> None:
        """A header in memory may be older than what another replica wrote."""
        assert await given(store, "Condition", "Observation", written=written) == newest("Condition", "Observation")

    @pytest.mark.parametrize("place", [1, 129, 700, WRITTEN - 2])
    async def test_goes_on_after_the_one_that_was_last(self, store: RecordStore, place: int) -> None:
        last = next(one for one in KEPT if one.ordinal >= place and not one.deleted)

        assert await given(store, "Condition", "Observation", after=last.address) == newest("Condition", "Observation", below=last.ordinal)

    async def test_begins_at_the_top_after_what_is_not_in_this_chart(self, store: RecordStore) -> None:
        for after in ("Observation/none", a_record(7, OTHER).address):
            assert (await given(store, "Observation", after=after))[:3] == newest("Observation")[:3]


class TestOfOwner:
    async def test_gives_the_same_at_once(self, store: RecordStore) -> None:
        assert [one.address for one in await store.of_owner(OWNER)] == newest("Condition", "Observation")
        assert [one.address for one in await store.of_owner(OWNER, types=["Condition"])] == newest("Condition")
