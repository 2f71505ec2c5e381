"""Keeps what patients said, sealed, and every change of their directives with the proof of when it was in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.consent.model import Change, Consent, ConsentState, Evidence, Kind
from services.consent.sealer import ConsentSealer
from services.consent.words import plain_words, read_words
from shared.clock import to_millisecond
from shared.keyring import OwnersKeys
from shared.mongo import Database
from shared.vocabulary import PatientId

_MOST = 10_000


@dataclass(frozen=True, slots=True)
class SealedConsent:
    """Whose it is can be told before it is opened."""

    patient: PatientId
    row: Mapping[str, Any] = field(repr=False)


class ConsentStore:
    """A consent row holds its newest version; a change row, once in force, never changes again."""

    def __init__(self, database: Database, *, sealer: ConsentSealer) -> None:
        self._consents = database.get_collection("consents")
        self._changes = database.get_collection("changes")
        self._erased = database.get_collection("erased")
        self._sealer = sealer

    async def prepare(self) -> None:
        await self._consents.create_index([("patient", 1)])
        await self._changes.create_index([("subject", 1)])
        await self._changes.create_index([("in_force_at", 1)])

    async def find(self, ident: str) -> SealedConsent | None:
        row = await self._consents.find_one({"_id": ident})
        return SealedConsent(PatientId(row["patient"]), row) if row else None

    def open(self, sealed: SealedConsent, keys: OwnersKeys) -> Consent:
        """Raises UnreadableError."""
        return self._opened(sealed.row, keys)

    async def of_patient(self, patient: str, keys: OwnersKeys, *, session: Any = None) -> list[Consent]:
        """Every one, withdrawn or not, oldest first."""
        rows = await self._consents.find({"patient": patient}, session=session).to_list(length=None)
        return sorted((self._opened(row, keys) for row in rows), key=lambda one: (one.given_at, one.ident))

    async def insert(self, consent: Consent, keys: OwnersKeys, *, session: Any) -> None:
        await self._consents.insert_one(self._row(consent, keys), session=session)

    async def replace(self, consent: Consent, keys: OwnersKeys, *, session: Any) -> bool:
        """False when the version before it is not the stored one any more."""
        wanted = {"_id": consent.ident, "version": consent.version - 1}
        result = await self._consents.replace_one(wanted, self._row(consent, keys), session=session)
        return bool(result.matched_count)

    async def erased_sites(self, patient: str, *, session: Any) -> list[str]:
        row = await self._erased.find_one({"_id": patient}, session=session)
        return list(row["sites"]) if row else []

    async def add_erased_site(self, patient: str, site: str, *, session: Any) -> None:
        await self._erased.update_one({"_id": patient}, {"$addToSet": {"sites": site}}, upsert=True, session=session)

    async def begin_change(self, change: Change, *, session: Any) -> None:
        """Raises DuplicateKeyError when the same request has been committed before."""
        known = ("patient", "subject", "epoch", "number", "digest")
        row = {"_id": change.ident, "members": list(change.members), **{name: getattr(change, name) for name in known}}
        await self._changes.insert_one(row, session=session)

    async def find_change(self, ident: str) -> Change | None:
        row = await self._changes.find_one({"_id": ident})
        return _change(row) if row else None

    async def newest_change(self, subject: str) -> Change | None:
        """The last one about a consent or an erasure."""
        row = await self._changes.find_one({"subject": subject}, sort=[("number", -1)])
        return _change(row) if row else None

    async def mark_in_force(self, change: Change, evidence: Evidence, *, now: datetime) -> Change:
        """As it stands marked: once, for whoever marked it first is right.

        Not by findAndModify, for which SecantusDB looks through the whole collection.
        """
        moment = to_millisecond(now)  # asked again, the answer is the same
        told = {"in_force_at": moment, "evidence": {name: getattr(evidence, name) for name in Evidence.__slots__}}
        result = await self._changes.update_one({"_id": change.ident, "in_force_at": None}, {"$set": told})
        if result.modified_count:
            return replace(change, in_force_at=moment, evidence=evidence)
        return await self.find_change(change.ident) or change

    async def force_times(self, *, since: datetime) -> list[float]:
        """Seconds from the commit of a change to its being in force, the newest first, ten thousand at most."""
        rows = self._changes.find({"in_force_at": {"$gte": since}}, {"evidence.milliseconds": 1}).sort("in_force_at", -1).limit(_MOST)
        return [row["evidence"]["milliseconds"] / 1000 async for row in rows]

    def _row(self, consent: Consent, keys: OwnersKeys) -> dict[str, Any]:
        said = {"words": plain_words(consent.words), "given_by": consent.given_by, "ended_by": consent.ended_by}
        sealed = self._sealer.seal(said, keys, patient=consent.patient, ident=consent.ident, version=consent.version)
        known = {"patient": consent.patient, "kind": consent.kind, "version": consent.version, "state": consent.state}
        return {"_id": consent.ident, **known, "given_at": consent.given_at, "ended_at": consent.ended_at, "sealed": sealed}

    def _opened(self, row: Mapping[str, Any], keys: OwnersKeys) -> Consent:
        patient, version = PatientId(row["patient"]), int(row["version"])
        said = self._sealer.open(bytes(row["sealed"]), keys, patient=patient, ident=row["_id"], version=version)
        return Consent(
            row["_id"],
            patient,
            Kind(row["kind"]),
            read_words(said["words"]),
            version,
            ConsentState(row["state"]),
            row["given_at"],
            said["given_by"],
            row["ended_at"],
            said["ended_by"],
        )


def _change(row: Mapping[str, Any]) -> Change:
    evidence = Evidence(**row["evidence"]) if row.get("evidence") else None
    members: Sequence[str] = row["members"]
    return Change(
        row["_id"],
        PatientId(row["patient"]),
        row["subject"],
        int(row["epoch"]),
        int(row["number"]),
        tuple(members),
        row["digest"],
        row.get("in_force_at"),
        evidence,
    )
