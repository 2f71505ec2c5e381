"""Looks at the ledger and the stores with the auditor's credentials, as somebody who trusts no running service."""

import asyncio
from typing import Any

import orjson

from services.audit.commands import AuditorCredentials, open_ledger, prove, verify_all
from services.audit.reading.read_log import NotInLedgerError
from services.audit.verifying.report import Report


def is_proved(auditor: AuditorCredentials, note: str) -> bool:
    """Whether the note's entry is under a checkpoint signed with the right key already."""
    try:
        asyncio.run(prove(auditor, note))
    except NotInLedgerError:
        return False
    return True


def whole_report(auditor: AuditorCredentials) -> Report:
    return asyncio.run(verify_all(auditor))


def size(auditor: AuditorCredentials) -> int:
    """How many entries the log of accesses has."""

    async def look() -> int:
        async with open_ledger(auditor) as (evidence, _mongo):
            head = await evidence.store.head(auditor.log("records.access"))
            return head.size if head else 0

    return asyncio.run(look())


def waiting(auditor: AuditorCredentials, site: str) -> int:
    """How many records the site still has in its outbox."""

    async def look() -> int:
        async with open_ledger(auditor) as (_evidence, mongo):
            return int(await mongo.database(auditor.records[site]).get_collection("outbox").count_documents({}))

    return asyncio.run(look())


def notes_from(auditor: AuditorCredentials, first: int, *, topic: str = "records.access") -> list[dict[str, Any]]:
    """The notes of entries from that index on, opened."""

    async def look() -> list[dict[str, Any]]:
        log = auditor.log(topic)
        async with open_ledger(auditor) as (evidence, _mongo):
            opened = [await evidence.sealer.open(log, entry) async for entry in evidence.store.entries_from(log, first)]
            return [orjson.loads(one.value) for one in opened if one is not None]

    return asyncio.run(look())


def stored(auditor: AuditorCredentials, site: str, patient: str) -> list[dict[str, Any]]:
    """The documents of a chart, as they lie in the records' MongoDB."""

    async def look() -> list[dict[str, Any]]:
        async with open_ledger(auditor) as (_evidence, mongo):
            resources = mongo.database(auditor.records[site]).get_collection("resources")
            rows: list[dict[str, Any]] = await resources.find({"owner": patient}).to_list(length=None)
            return rows

    return asyncio.run(look())


def key_row(auditor: AuditorCredentials, site: str, owner: str) -> dict[str, Any] | None:
    """A row of the site's keyring: wrapped keys, or a tombstone."""

    async def look() -> dict[str, Any] | None:
        async with open_ledger(auditor) as (_evidence, mongo):
            row: dict[str, Any] | None = await mongo.database(f"keyring_{site}").get_collection("keys").find_one({"_id": owner})
            return row

    return asyncio.run(look())
