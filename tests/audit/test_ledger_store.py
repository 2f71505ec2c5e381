"""Proves on a real server that a patient's entries are found wherever they lie, as the ledger of the other tests finds them."""

import os
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from services.audit.ledger_store import LedgerStore
from services.audit.model import Entry, Log
from services.audit.rows import entry_row
from shared.mongo import open_mongo

LOG = Log("g", "records.access")
MINE, THEIRS = b"m" * 32, b"t" * 32
AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
SIZE = 3000
"""More than the first stretches hold."""


def an_entry(index: int) -> Entry:
    about = MINE if index % 7 == 0 or index < 20 else THEIRS
    return Entry(index, index, b"l" * 32, f"n-{index}", "i", index, None, AT, "k", b"s", about)


@pytest.fixture(scope="module")
async def store(servers) -> AsyncIterator[LedgerStore]:
    mongo = open_mongo(servers.mongodb_uri, driver=os.environ.get("DRIVER") or "motor")
    database = mongo.database(f"ledger_{uuid.uuid4().hex[:12]}")
    made = LedgerStore(mongo, database, tiles=None, suspicions=None)  # type: ignore[arg-type]
    await made.ensure_indexes([LOG])
    await database.get_collection(f"entries.{LOG.topic}").insert_many([entry_row(an_entry(index)) for index in range(SIZE)])
    yield made
    await mongo.close()


class TestAbout:
    @pytest.mark.parametrize("first", [0, 10, 2500])
    @pytest.mark.parametrize("before", [0, 5, 512, 513, 2999, SIZE, 10 * SIZE])
    @pytest.mark.parametrize("most", [1, 100, SIZE])
    async def test_finds_the_newest_of_a_range_whatever_lies_between(self, store: LedgerStore, first: int, before: int, most: int) -> None:
        expected = [index for index in reversed(range(first, min(before, SIZE))) if an_entry(index).about == MINE]

        found = await store.about(LOG, MINE, first=first, before=before, most=most)

        assert [entry.index for entry in found] == expected[:most]

    async def test_finds_nothing_of_whom_nothing_is_told(self, store: LedgerStore) -> None:
        assert await store.about(LOG, b"x" * 32, before=SIZE, most=100) == []
