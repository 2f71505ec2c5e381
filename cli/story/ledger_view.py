"""Looks at the ledger and the stores with the auditor's credentials, as somebody who trusts no running service."""

import asyncio
from typing import Any

import orjson

from cli.story.held_ledger import HeldLedger, held_ledger
from services.audit.commands import AuditorCredentials, prove, verify_all
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

    async def look(held: HeldLedger) -> int:
        head = await held.evidence.store.head(auditor.log("records.access"))
        return head.size if head else 0

    return held_ledger(auditor).ask(look)


def waiting(auditor: AuditorCredentials, site: str) -> int:
    """How many records the site still has in its outbox."""

    async def look(held: HeldLedger) -> int:
        return int(await held.mongo.database(auditor.records[site]).get_collection("outbox").count_documents({}))

    return held_ledger(auditor).ask(look)


def notes_from(auditor: AuditorCredentials, first: int, *, topic: str = "records.access") -> list[dict[str, Any]]:
    """The notes of entries from that index on, opened. An entry never changes, so each is opened once."""

    async def look(held: HeldLedger) -> list[dict[str, Any]]:
        log, known = auditor.log(topic), held.notes.setdefault(topic, [])
        async for entry in held.evidence.store.entries_from(log, len(known)):
            opened = await held.evidence.sealer.open(log, entry)
            known.append(None if opened is None else orjson.loads(opened.value))
        return [note for note in known[first:] if note is not None]

    return held_ledger(auditor).ask(look)


def stored(auditor: AuditorCredentials, site: str, patient: str) -> list[dict[str, Any]]:
    """The documents of a chart, as they lie in the records' MongoDB."""

    async def look(held: HeldLedger) -> list[dict[str, Any]]:
        resources = held.mongo.database(auditor.records[site]).get_collection("resources")
        return list(await resources.find({"owner": patient}).to_list(length=None))

    return held_ledger(auditor).ask(look)


def entry_row(auditor: AuditorCredentials, index: int) -> dict[str, Any] | None:
    """One entry of the log of accesses, as the store keeps it."""

    async def look(held: HeldLedger) -> dict[str, Any] | None:
        entries = held.mongo.database(auditor.database).get_collection("entries.records.access")
        row: dict[str, Any] | None = await entries.find_one({"_id": index})
        return row

    return held_ledger(auditor).ask(look)


def key_row(auditor: AuditorCredentials, site: str, owner: str) -> dict[str, Any] | None:
    """A row of the site's keyring: wrapped keys, or a tombstone."""

    async def look(held: HeldLedger) -> dict[str, Any] | None:
        row: dict[str, Any] | None = await held.mongo.database(f"keyring_{site}").get_collection("keys").find_one({"_id": owner})
        return row

    return held_ledger(auditor).ask(look)
