"""Compares a site's stored resources with the latest write of each that the ledger tells of."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from services.audit.verifying.latest_writes import LatestWrites, Write
from services.audit.verifying.report import Report
from shared.mongo import Database

_SHOWN = {"version": 1, "sealed": 1}


async def compare_records(site: str, database: Database, *, writes: LatestWrites, report: Report) -> None:
    """A document that is newer than the ledger is doubted, not accused: its note may be on its way."""
    async for row in database.get_collection("resources").find({}, projection=_SHOWN).sort("_id", 1):
        report.counts["resources"] += 1
        writes.stored(site, row["_id"])
        _judge(site, row, writes=writes, report=report)
    for write in writes.not_stored(site):
        report.fail("missing", site, address=write.address, version=write.version, entry=write.entry)


async def look_again(site: str, database: Database, *, writes: LatestWrites, report: Report) -> None:
    """At what was doubted, after the ledger was walked further."""
    for address in writes.doubts(site):
        writes.settle(site, address)
        row = await database.get_collection("resources").find_one({"_id": address}, projection=_SHOWN)
        if row is not None:
            _judge(site, row, writes=writes, report=report)


def accuse_doubted(site: str, *, writes: LatestWrites, report: Report) -> None:
    for address in writes.doubts(site):
        report.fail("unnoted", site, address=address)


def _judge(site: str, row: Mapping[str, Any], *, writes: LatestWrites, report: Report) -> None:
    write = writes.find(site, row["_id"])
    if write is None or row["version"] > write.version:
        writes.doubt(site, row["_id"])
    elif row["version"] < write.version:
        report.fail("rolled-back", site, address=write.address, stored_version=row["version"], version=write.version, entry=write.entry)
    elif not _is_written(row, write):
        report.fail("altered", site, address=write.address, version=write.version, entry=write.entry)


def _is_written(row: Mapping[str, Any], write: Write) -> bool:
    return b64encode(sha256(bytes(row["sealed"])).digest()).decode() == write.digest
