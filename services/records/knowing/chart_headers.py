"""Keeps chart headers: sealed in MongoDB, opened in a bounded cache that an event or thirty seconds renew."""

import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from services.records.model import Care, ChartHeader
from services.records.sealer import KeyAbsentError, KeyErasedError, Sealer
from shared.coalescing import Coalesced
from shared.mongo import Database
from shared.sealing import UnreadableError, key_id_of
from shared.vocabulary import PatientId

_RENEWED = 30.0
_CAPACITY = 20_000
_KIND = "chart-header"


class ChartHeaders:
    """One row per patient and site. An erased chart keeps its row for ever, with nothing in it but that fact."""

    def __init__(self, database: Database, *, sealer: Sealer, care_lasts: timedelta) -> None:
        self._rows = database.get_collection("charts")
        self._sealer = sealer
        self._care_lasts = care_lasts
        self._cache: OrderedDict[str, tuple[ChartHeader, float]] = OrderedDict()
        self._lookups: Coalesced[str, dict[str, Any]] = Coalesced(self._load)
        self.erased: set[str] = set()

    def remembered(self, patient: str) -> ChartHeader | None:
        known = self._cache.get(patient)
        return known[0] if known is not None and known[1] > time.monotonic() else None

    async def find(self, patient: str, *, now: datetime) -> ChartHeader | None:
        """None when this site has no such chart. Raises UnreadableError or KeysUnavailableError."""
        known = self.remembered(patient)
        if known is not None:
            return known
        row = await self._lookups.get(patient)
        if row is None:
            return None
        header = _without_long_past(await self.opened(row), now - self._care_lasts)
        self._cache[patient] = (header, time.monotonic() + _RENEWED)
        self._cache.move_to_end(patient)
        if len(self._cache) > _CAPACITY:
            self._cache.popitem(last=False)
        if header.erased:
            self.erased.add(patient)
        return header

    async def find_row(self, patient: str, *, session: Any = None) -> dict[str, Any] | None:
        row: dict[str, Any] | None = await self._rows.find_one({"_id": patient}, session=session)
        return row

    async def opened(self, row: Mapping[str, Any]) -> ChartHeader:
        """The whole header of a row, nothing left out."""
        patient = PatientId(row["_id"])
        if row.get("erased"):
            return ChartHeader(patient, row["revision"], erased=True)
        try:
            keys = await self._sealer.keys_of(patient)
        except KeyErasedError:
            return ChartHeader(patient, row["revision"], erased=True)
        except KeyAbsentError as error:
            raise UnreadableError from error
        sealed = bytes(row["sealed"])
        plain = keys.opening(key_id_of(sealed)).open(sealed, self._sealer.place(patient, _KIND, patient, row["revision"]))
        return _header(patient, row["revision"], orjson.loads(plain[2:]))

    async def keep(self, header: ChartHeader, *, before: int | None, session: Any) -> bool:
        """Writes the header under its revision; False when the row was not at revision `before` (None: absent) any more."""
        keys = await self._sealer.keys_of(header.patient)
        sealed = self._sealer.seal(
            keys, orjson.dumps(_plain(header)), self._sealer.place(header.patient, _KIND, header.patient, header.revision)
        )
        row = {"_id": header.patient, "revision": header.revision, "sealed": sealed}
        if before is None:
            await self._rows.insert_one(row, session=session)
            return True
        result = await self._rows.replace_one(
            {"_id": header.patient, "revision": before, "erased": {"$exists": False}}, row, session=session
        )
        return bool(result.matched_count)

    async def mark_erased(self, patient: str, *, erasure: str, session: Any) -> None:
        """The row keeps its revision plus one, and the erasure's id."""
        await self._rows.update_one(
            {"_id": patient}, {"$set": {"erased": erasure}, "$unset": {"sealed": ""}, "$inc": {"revision": 1}}, session=session
        )

    def forget(self, patient: str) -> None:
        self._cache.pop(patient, None)

    async def _load(self, patients: list[str]) -> dict[str, dict[str, Any]]:
        rows = await self._rows.find({"_id": {"$in": patients}}).to_list(length=None)
        return {row["_id"]: row for row in rows}


def _without_long_past(header: ChartHeader, before: datetime) -> ChartHeader:
    care = {key: one for key, one in header.care.items() if one.ended_at is None or one.ended_at > before}
    return replace(header, care=care)


def _plain(header: ChartHeader) -> dict[str, Any]:
    care = {key: [sorted(one.practitioners), one.unit, _text(one.started_at), _text(one.ended_at)] for key, one in header.care.items()}
    return {"care": care, "flags": sorted(header.flags), "written": header.written, "types": sorted(header.types)}


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _header(patient: PatientId, revision: int, plain: Mapping[str, Any]) -> ChartHeader:
    care = {
        key: Care(frozenset(people), unit, datetime.fromisoformat(start), datetime.fromisoformat(end) if end else None)
        for key, (people, unit, start, end) in plain["care"].items()
    }
    return ChartHeader(patient, revision, care, frozenset(plain["flags"]), written=plain["written"], types=frozenset(plain["types"]))
