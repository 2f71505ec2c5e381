"""Finds resources that belong to no patient by exact identifier, through a blind index; the identifiers themselves stay sealed."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.records.sealer import Sealer
from shared.keyring import OwnersKeys
from shared.mongo import Database

_OWNER = "blind-index/identifier/v1"


class Identifiers:
    """Rows of (keyed digest, address); the key of version 1 is a row of the keyring like any other."""

    def __init__(self, database: Database, *, sealer: Sealer) -> None:
        self._rows = database.get_collection("identifiers")
        self._sealer = sealer

    async def key(self) -> OwnersKeys:
        return await self._sealer.keys_of(_OWNER, make=True)

    async def find(self, wanted: Sequence[tuple[str, str, str]]) -> Mapping[tuple[str, str, str], list[str]]:
        """Addresses by (type, system, value); a missing one is an empty list."""
        keys = await self.key()
        digests = {_digest(keys, one): one for one in wanted}
        found: dict[tuple[str, str, str], list[str]] = {one: [] for one in wanted}
        rows = await self._rows.find({"digest": {"$in": list(digests)}}).to_list(length=None)
        for row in rows:
            found[digests[bytes(row["digest"])]].append(row["address"])
        return found

    async def keep(self, address: str, identifiers: Sequence[tuple[str, str, str]], *, session: Any) -> None:
        """All identifiers of one resource, in place of those it had."""
        await self._rows.delete_many({"address": address}, session=session)
        keys = await self.key()
        rows = [{"digest": _digest(keys, one), "address": address} for one in dict.fromkeys(identifiers)]
        if rows:
            await self._rows.insert_many(rows, session=session)


def _digest(keys: OwnersKeys, identifier: tuple[str, str, str]) -> bytes:
    return keys.current.blind("\0".join(identifier).encode())


def identifiers_of(resource: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(type, system, value) of each identifier that has a value."""
    listed = resource.get("identifier")
    rows = listed if isinstance(listed, list) else [listed] if isinstance(listed, dict) else []
    return [
        (str(resource["resourceType"]), str(one.get("system", "")), str(one["value"]))
        for one in rows
        if isinstance(one, dict) and "value" in one
    ]
