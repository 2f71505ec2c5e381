"""Finds what an exact value leads to through keyed digests; the values themselves stay sealed."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from services.records.sealer import Sealer
from shared.mongo import Database


class IndexKey(NamedTuple):
    """`field` names the key under which `value` is digested; several things may have the same value."""

    field: str
    value: str


class BlindIndex:
    """Rows of (digest, what it leads to); the key of each field, in its version, is a row of the keyring like any other."""

    def __init__(self, database: Database, name: str, *, leads_to: str, sealer: Sealer) -> None:
        self._rows = database.get_collection(name)
        self._leads_to = leads_to
        self._sealer = sealer

    async def find(self, wanted: Sequence[IndexKey], *, most: int = 0) -> Mapping[IndexKey, list[str]]:
        """In no order, `most` in all (0: however many there are); a value that leads nowhere has an empty list.

        Raises KeysUnavailableError.
        """
        digests = {await self._digest(key): key for key in wanted}
        found: dict[IndexKey, list[str]] = {key: [] for key in wanted}
        for row in await self._rows.find({"digest": {"$in": list(digests)}}).limit(most).to_list(length=None):
            found[digests[bytes(row["digest"])]].append(row[self._leads_to])
        return found

    async def keep(self, of: str, keys: Sequence[IndexKey], *, session: Any) -> None:
        """All that lead to one thing, in place of those that did; none for what is deleted or erased. Raises KeysUnavailableError."""
        await self._rows.delete_many({self._leads_to: of}, session=session)
        rows = [{"digest": await self._digest(key), self._leads_to: of} for key in dict.fromkeys(keys)]
        if rows:
            await self._rows.insert_many(rows, session=session)

    async def _digest(self, key: IndexKey) -> bytes:
        keys = await self._sealer.keys_of(f"blind-index/{key.field}/v1", make=True)
        return keys.current.blind(key.value.encode())
