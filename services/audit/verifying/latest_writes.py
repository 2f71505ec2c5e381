"""Keeps the latest write of each resource that the ledger tells of, on disk, so that memory stays bounded."""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_SCHEMA = """
CREATE TABLE writes (site TEXT, address TEXT, version INTEGER, digest TEXT, action TEXT, entry INTEGER, stored INTEGER DEFAULT 0,
                     PRIMARY KEY (site, address)) WITHOUT ROWID;
CREATE TABLE doubts (site TEXT, address TEXT, PRIMARY KEY (site, address)) WITHOUT ROWID;
"""
_KEEP = """
INSERT INTO writes (site, address, version, digest, action, entry) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET version = excluded.version, digest = excluded.digest, action = excluded.action, entry = excluded.entry
WHERE excluded.version > version
"""
_PARTS = 5


@dataclass(frozen=True, slots=True)
class Write:
    """`digest` is the base64 SHA-256 of the sealed bytes, `entry` the index of the note."""

    address: str
    version: int
    digest: str
    action: str
    entry: int


class LatestWrites:
    """A private file of SQLite's that is gone when this is closed; it holds ids, versions and hashes."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    def take(self, note: Mapping[str, Any], *, entry: int) -> int:
        """How many writes the note tells of."""
        writes = [write for write in note.get("writes") or () if isinstance(write, list) and len(write) == _PARTS]
        actor = note.get("actor")
        site = note.get("site") or (actor.get("site") if isinstance(actor, dict) else None)
        rows = [(site, f"{type_}/{ident}", version, digest, action, entry) for type_, ident, version, digest, action in writes]
        self._db.executemany(_KEEP, rows)
        return len(rows)

    def find(self, site: str, address: str) -> Write | None:
        row = self._db.execute(
            "SELECT address, version, digest, action, entry FROM writes WHERE site = ? AND address = ?", (site, address)
        ).fetchone()
        return Write(*row) if row else None

    def stored(self, site: str, address: str) -> None:
        """The site has a document at this address."""
        self._db.execute("UPDATE writes SET stored = 1 WHERE site = ? AND address = ?", (site, address))

    def not_stored(self, site: str) -> Iterator[Write]:
        """Writes of resources that should be there and are not."""
        query = "SELECT address, version, digest, action, entry FROM writes WHERE site = ? AND stored = 0 AND action <> 'delete'"
        yield from (Write(*row) for row in self._db.execute(query, (site,)))

    def doubt(self, site: str, address: str) -> None:
        """To be looked at again, once the ledger had time to catch up."""
        self._db.execute("INSERT OR IGNORE INTO doubts VALUES (?, ?)", (site, address))

    def settle(self, site: str, address: str) -> None:
        self._db.execute("DELETE FROM doubts WHERE site = ? AND address = ?", (site, address))

    def doubts(self, site: str) -> list[str]:
        return [row[0] for row in self._db.execute("SELECT address FROM doubts WHERE site = ?", (site,))]
