"""The one document that every change and every lease must write, and the directives beside it: their order is the group's order."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from shared.directive import Directive, packed, unpacked
from shared.enforcement import LeaseTerms
from shared.mongo import Database, DuplicateKeyError, Mongo

_FENCE = "fence"
_FIRST = {"_id": _FENCE, "epoch": 1, "head": 0, "grants": 0, "members": {}}
_NARROWEST, _WIDEST = 2048, 1 << 16
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Member:
    """An incarnation that may hold a lease: its last grant, and the number it stated with it."""

    grant: int
    number: int


@dataclass(frozen=True, slots=True)
class FenceState:
    """`behind` is the highest number that an incarnation stated above the head: only a store that was restored is behind its replicas."""

    epoch: int
    head: int
    members: Mapping[str, Member]
    behind: int = 0

    @property
    def is_behind(self) -> bool:
        return self.behind > self.head


Work = Callable[[FenceState, Any], Awaitable[T]]
"""Given the fence as this transaction left it (its `head` is the number drawn) and the session."""


class Fence:
    """Every method is atomic and majority-written; a deposed primary cannot answer any of them."""

    def __init__(self, mongo: Mongo, database: Database) -> None:
        self._mongo = mongo
        self._rows = database.get_collection("enforcement")
        self._directives = database.get_collection("directives")

    async def prepare(self) -> None:
        """The first epoch's document and the index; there already, they stay."""
        await self._directives.create_index([("number", 1)])
        if await self._rows.find_one({"_id": _FENCE}) is None:
            try:
                await self._rows.insert_one(_FIRST)
            except DuplicateKeyError:
                return

    async def change(self, work: Work[T]) -> T:
        """One transaction; its first write draws the next number, so that no two commit in another order than their numbers."""

        async def run(session: Any) -> T:
            row = await self._rows.find_one_and_update({"_id": _FENCE}, {"$inc": {"head": 1}}, return_document=True, session=session)
            return await work(_state(row), session)

        return await self._mongo.transact(run)

    async def unnumbered(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """One transaction that draws no number, for what had its number before the store was restored."""
        return await self._mongo.transact(work)

    async def keep(self, directive: Directive, *, session: Any) -> bytes:
        """The patient's newest directive, as it will be published."""
        value = packed(directive)
        row = {"_id": directive.patient, "number": directive.number, "value": value}
        await self._directives.replace_one({"_id": directive.patient}, row, upsert=True, session=session)
        return value

    async def keep_published(self, directive: Directive, value: bytes, *, session: Any) -> bool:
        """As it was published; False when what is held is as new."""
        row = await self._directives.find_one({"_id": directive.patient}, session=session)
        if row is not None and place_of(bytes(row["value"])) >= (directive.epoch, directive.number):
            return False
        row = {"_id": directive.patient, "number": directive.number, "value": value}
        await self._directives.replace_one({"_id": directive.patient}, row, upsert=True, session=session)
        return True

    async def begin_epoch(self, *, ended: int, head: int) -> FenceState:
        """Once, however often `ended` is ended; numbers go on from `head`.

        Members stay, for those of the old epoch may hold leases; what they stated counts no more.
        """

        async def run(session: Any) -> FenceState:
            row = await self._rows.find_one_and_update({"_id": _FENCE}, {"$inc": {"grants": 1}}, return_document=True, session=session)
            if int(row["epoch"]) > ended:
                return _state(row)
            members = {f"members.{name}.number": 0 for name in row["members"]}
            begun = {"epoch": ended + 1, "head": max(head, int(row["head"])), "behind": 0, **members}
            return _state(await self._rows.find_one_and_update({"_id": _FENCE}, {"$set": begun}, return_document=True, session=session))

        return await self._mongo.transact(run)

    async def state(self) -> FenceState:
        return _state(await self._rows.find_one({"_id": _FENCE}))

    async def grant(self, incarnation: str, *, epoch: int | None, number: int, session: Any) -> FenceState:
        """Admits or renews: a real change with a grant that never comes again. A number of another epoch states nothing."""
        stated = {"$cond": [{"$eq": ["$epoch", epoch]}, number, 0]}
        highest = {"$max": [f"$members.{incarnation}.number", stated]}
        change = [
            {"$set": {"grants": {"$add": ["$grants", 1]}, "behind": {"$max": ["$behind", stated]}}},
            {"$set": {f"members.{incarnation}": {"grant": "$grants", "number": highest}}},
        ]
        return _state(await self._rows.find_one_and_update({"_id": _FENCE}, change, return_document=True, session=session))

    async def remove(self, incarnation: str, *, grant: int | None = None) -> bool:
        """By its own word, or while its grant is still this one: a renewal in between keeps it."""
        wanted = {"_id": _FENCE} | ({} if grant is None else {f"members.{incarnation}.grant": grant})
        result = await self._rows.update_one(wanted, {"$unset": {f"members.{incarnation}": ""}})
        return bool(result.modified_count)

    async def directives_above(self, number: int, *, head: int, session: Any) -> AsyncIterator[list[bytes]]:
        """All newer ones, lowest first, in short lists; at last those above the head, where whatever changed meanwhile has gone.

        Stretch by stretch, wider where few are left: no store must sort a million rows before it gives the first.
        """
        width = _NARROWEST
        while number < head:
            upto = min(number + width, head)
            if rows := await self._values({"$gt": number, "$lte": upto}, session):
                yield rows
            number = upto
            width = min(2 * width, _WIDEST) if len(rows) < _NARROWEST // 2 else _NARROWEST
        if rows := await self._values({"$gt": number}, session):
            yield rows

    async def _values(self, numbers: Mapping[str, int], session: Any) -> list[bytes]:
        rows = await self._directives.find({"number": numbers}, {"value": 1}, session=session).sort("number", 1).to_list(length=None)
        return [bytes(row["value"]) for row in rows]


def _state(row: Mapping[str, Any]) -> FenceState:
    members = {name: Member(int(one["grant"]), int(one["number"])) for name, one in row["members"].items()}
    return FenceState(int(row["epoch"]), int(row["head"]), members, int(row.get("behind") or 0))


def place_of(value: bytes) -> tuple[int, int]:
    """(epoch, number) of a directive's bytes: numbers compare within an epoch only."""
    directive = unpacked(value)
    return directive.epoch, directive.number


def terms(state: FenceState, *, lease: float) -> LeaseTerms:
    return LeaseTerms(state.epoch, state.head, lease)
