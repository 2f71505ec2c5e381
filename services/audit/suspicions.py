"""Keeps which suspicions were raised, and raises each once, through the outbox."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog

from services.audit.measures import SUSPICIONS
from services.audit.model import Log, Suspicion
from shared.events.audit import SuspicionRaised
from shared.mongo import Database, Mongo
from shared.outbox import Outbox

log = structlog.get_logger("serment.audit")
SOURCE = "/audit"


class Suspicions:
    """A suspicion and its event stand or fall together."""

    def __init__(self, mongo: Mongo, database: Database, outbox: Outbox) -> None:
        self._mongo = mongo
        self._rows = database.get_collection("suspicions")
        self._outbox = outbox

    async def raise_in(self, session: Any, about: Log, found: Sequence[Suspicion], *, now: datetime) -> list[Suspicion]:
        """Within a transaction; those raised before are passed over. Call `told` with the answer once it has committed."""
        if not found:
            return []
        idents = [suspicion.ident for suspicion in found]
        known = {row["_id"] async for row in self._rows.find({"_id": {"$in": idents}}, projection={"_id": 1}, session=session)}
        fresh = list({suspicion.ident: suspicion for suspicion in found if suspicion.ident not in known}.values())
        if fresh:
            await self._rows.insert_many([_row(about, suspicion, now) for suspicion in fresh], session=session)
            await self._outbox.add([_event(about, suspicion, now) for suspicion in fresh], now=now, session=session)
        return fresh

    def told(self, about: Log, raised: Sequence[Suspicion]) -> None:
        for suspicion in raised:
            SUSPICIONS.labels(about.topic, suspicion.rule).inc()
            log.warning("audit.suspicion-raised", log=about.topic, rule=suspicion.rule)
        if raised:
            self._outbox.filled.set()

    async def raise_once(self, about: Log, suspicion: Suspicion, *, now: datetime) -> None:
        async def work(session: Any) -> list[Suspicion]:
            return await self.raise_in(session, about, [suspicion], now=now)

        self.told(about, await self._mongo.transact(work))

    async def count(self, about: Log) -> int:
        return int(await self._rows.count_documents({"log": about.topic}))


def _row(about: Log, suspicion: Suspicion, now: datetime) -> dict[str, Any]:
    return {"_id": suspicion.ident, "log": about.topic, "rule": suspicion.rule, "evidence": dict(suspicion.evidence), "raised_at": now}


def _event(about: Log, suspicion: Suspicion, now: datetime) -> Any:
    event = SuspicionRaised(
        suspicion=suspicion.ident, rule=suspicion.rule, log=about.topic, evidence=dict(suspicion.evidence), raised_at=now
    )
    return event.to_record(source=SOURCE, now=now)
