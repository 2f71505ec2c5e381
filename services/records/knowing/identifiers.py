"""Finds resources that belong to no patient by exact identifier; the identifiers themselves stay sealed."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.records.knowing.blind_index import BlindIndex, IndexKey
from services.records.sealer import Sealer
from shared.mongo import Database

Identifier = tuple[str, str, str]


class Identifiers:
    """Of (type, system, value): addresses."""

    def __init__(self, database: Database, *, sealer: Sealer) -> None:
        self._index = BlindIndex(database, "identifiers", leads_to="address", sealer=sealer)

    async def find(self, wanted: Sequence[Identifier]) -> Mapping[Identifier, list[str]]:
        """Addresses; a missing one is an empty list."""
        found = await self._index.find([_key(one) for one in wanted])
        return {one: found[_key(one)] for one in wanted}

    async def keep(self, address: str, identifiers: Sequence[Identifier], *, session: Any) -> None:
        """All identifiers of one resource, in place of those it had."""
        await self._index.keep(address, [_key(one) for one in identifiers], session=session)


def _key(identifier: Identifier) -> IndexKey:
    return IndexKey("identifier", "\0".join(identifier))


def identifiers_of(resource: Mapping[str, Any]) -> list[Identifier]:
    """(type, system, value) of each identifier that has a value."""
    listed = resource.get("identifier")
    rows = listed if isinstance(listed, list) else [listed] if isinstance(listed, dict) else []
    return [
        (str(resource["resourceType"]), str(one.get("system", "")), str(one["value"]))
        for one in rows
        if isinstance(one, dict) and "value" in one
    ]
