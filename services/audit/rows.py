"""Words heads, entries and sources as MongoDB keeps them, and reads them back."""

from collections.abc import Mapping
from typing import Any

from services.audit.model import Entry, Head, Log, Source
from services.audit.numbers_seen import NumbersSeen
from services.audit.sequencing.completeness import is_open


def head_of(row: Mapping[str, Any] | None) -> Head | None:
    return Head(row["topic_id"], row["size"], bytes(row["root"]), row["next_offset"], row["turn"]) if row else None


def head_fields(head: Head) -> dict[str, Any]:
    return {"topic_id": head.topic_id, "size": head.size, "root": head.root, "next_offset": head.next_offset, "turn": head.turn}


def entry_row(entry: Entry) -> dict[str, Any]:
    return {
        "_id": entry.index,
        "offset": entry.offset,
        "leaf": entry.leaf,
        "note": entry.note,
        "incarnation": entry.incarnation,
        "number": entry.number,
        "flag": entry.flag,
        "at": entry.at,
        "key": entry.key,
        "sealed": entry.sealed,
    } | ({} if entry.about is None else {"about": entry.about})


def entry_of(row: Mapping[str, Any]) -> Entry:
    sealed, about = row["sealed"], row.get("about")
    facts = (row["note"], row["incarnation"], row["number"], row["flag"], row["at"], row["key"])
    return Entry(
        row["_id"],
        row["offset"],
        bytes(row["leaf"]),
        *facts,
        None if sealed is None else bytes(sealed),
        None if about is None else bytes(about),
    )


def source_row(log: Log, source: Source) -> dict[str, Any]:
    return {
        "log": log.topic,
        "incarnation": source.incarnation,
        "seen": source.seen.intervals(),
        "state": source.state,
        "lowest": source.lowest,
        "next": source.next,
        "checked": source.checked,
        "heard": source.heard,
        "beat": source.beat,
        "silent": source.silent,
        "open": is_open(source),
    }


def source_of(row: Mapping[str, Any]) -> Source:
    kept = {name: row[name] for name in ("incarnation", "heard", "state", "lowest", "next", "checked", "beat", "silent")}
    return Source(seen=NumbersSeen(row["seen"]), **kept)
