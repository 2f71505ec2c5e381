"""Keeps every message with its history, and hands each mail to one sender at a time."""

import asyncio
import contextlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.notifier.messages.delivery import LEADS_TO, LONGEST_PAUSE, TO_SEND, Ending, next_try
from services.notifier.messages.letter import message_id
from services.notifier.messages.model import Channel, Claimed, Mail, MessageState, SealedMessage
from shared.mongo import Database, DuplicateKeyError
from shared.telemetry import trace_headers
from shared.vocabulary import PatientId

_KEPT_HISTORY = 100
_INBOX = 200


class MessageStore:
    """A row's `_id` follows from what it says and to whom, so keeping it twice changes nothing."""

    def __init__(self, database: Database, *, sender: str) -> None:
        self._rows = database.get_collection("messages")
        self._sender = sender
        self.posted = asyncio.Event()
        """Set it once a transaction with messages has committed."""

    async def ensure_indexes(self) -> None:
        """Idempotent."""
        await self._rows.create_index([("state", 1), ("at", 1)])
        await self._rows.create_index([("to", 1), ("at", -1)])

    async def add(self, messages: Sequence[Mail | SealedMessage], *, session: Any) -> None:
        """They stand or fall with the transaction of what they tell."""
        if messages:
            await self._rows.insert_many([self._row(message) for message in messages], session=session)

    async def add_missing(self, mails: Sequence[Mail]) -> int:
        """How many were not there yet."""
        known = {row["_id"] async for row in self._rows.find({"_id": {"$in": [mail.ident for mail in mails]}}, projection={"_id": 1})}
        missing = [mail for mail in mails if mail.ident not in known]
        for mail in missing:
            with contextlib.suppress(DuplicateKeyError):  # another process tells it at the same moment
                await self._rows.insert_one(self._row(mail))
        if missing:
            self.posted.set()
        return len(missing)

    def _row(self, message: Mail | SealedMessage) -> dict[str, Any]:
        same = {"_id": message.ident, "to": message.to, "at": message.at, "tries": 0, "next_at": None, "claim": None}
        if isinstance(message, SealedMessage):
            sealed: dict[str, Any] = {"channel": Channel.PORTAL, "site": message.site, "sealed": message.sealed}
            return same | sealed | _entered(MessageState.SENT, message.at)
        said: dict[str, Any] = {"channel": Channel.MAIL, "template": message.template, "values": dict(message.values)}
        said["trace"] = trace_headers()
        return same | said | {"message_id": message_id(message.ident, sender=self._sender)} | _entered(MessageState.WAITING, message.at)

    async def claim(self, now: datetime) -> Claimed | None:
        """The oldest mail that is due, for this try alone.

        A pause that ends later than any pause can was begun under another clock, so it counts as over.
        """
        due = [{"next_at": None}, {"next_at": {"$lte": now}}, {"next_at": {"$gt": now + LONGEST_PAUSE}}]
        claim = uuid.uuid4().hex
        change = _entering(MessageState.SENDING, now, claim=claim) | {"$inc": {"tries": 1}}
        row = await self._rows.find_one_and_update(
            {"state": {"$in": sorted(TO_SEND)}, "$or": due}, change, sort=[("at", 1), ("_id", 1)], return_document=True
        )
        return _claimed(row) if row else None

    async def settle(self, mail: Claimed, ending: Ending, *, now: datetime) -> None:
        """Unless somebody else has begun another try: then that one tells how it ended."""
        state = LEADS_TO[ending]
        before = [MessageState.SENDING, MessageState.UNKNOWN] if ending is Ending.TAKEN else [MessageState.SENDING]
        change = _entering(state, now, claim=mail.claim, next_at=next_try(ending, mail.tries, now))
        await self._rows.update_one({"_id": mail.ident, "claim": mail.claim, "state": {"$in": before}}, change)

    async def in_flight(self) -> dict[str, str]:
        """The claims of mails that are being sent now, by anybody, or were when their process ended."""
        found = self._rows.find({"state": MessageState.SENDING}, projection={"claim": 1})
        return {row["claim"]: row["_id"] async for row in found}

    async def doubt(self, ident: str, claim: str, *, now: datetime) -> bool:
        """Nobody will tell how this try ended. Whether it was still in flight."""
        change = _entering(MessageState.UNKNOWN, now, claim=claim)
        result = await self._rows.update_one({"_id": ident, "claim": claim, "state": MessageState.SENDING}, change)
        return bool(result.modified_count)

    async def inbox(self, patient: PatientId) -> list[SealedMessage]:
        """The newest first."""
        rows = await self._rows.find({"to": patient, "channel": Channel.PORTAL}).sort("at", -1).limit(_INBOX).to_list(length=None)
        return [SealedMessage(row["_id"], row["to"], row["site"], row["at"], bytes(row["sealed"])) for row in rows]

    async def count(self, state: MessageState) -> int:
        return int(await self._rows.count_documents({"state": state}))


def _entered(state: MessageState, at: datetime) -> dict[str, Any]:
    return {"state": state, "history": [{"state": state, "at": at}]}


def _entering(state: MessageState, at: datetime, *, claim: str, next_at: datetime | None = None) -> dict[str, Any]:
    history = {"$each": [{"state": state, "at": at}], "$slice": -_KEPT_HISTORY}
    return {"$set": {"state": state, "claim": claim, "next_at": next_at}, "$push": {"history": history}}


def _claimed(row: Mapping[str, Any]) -> Claimed:
    said = (row["to"], row["template"], row["values"], row["at"], row["message_id"])
    return Claimed(row["_id"], row["claim"], *said, row["tries"], row.get("trace", {}))
