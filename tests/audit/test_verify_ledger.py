"""Whatever is done to the stored ledger, or to the records, is found from what was signed."""

import base64
import dataclasses
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.checkpoint import Checkpoint, Ed25519Verifier, Signature, WordRejectedError, format_vkey, make_note
from services.audit.merkle import leaf_hash
from services.audit.tiles import TileTree
from services.audit.verifying.report import Report
from services.audit.verifying.verify_ledger import Scope, Trusted, open_evidence, prove_note, verify_ledger
from shared.keyring import Keyring
from tests.audit.ledger_desk import FakeSource, LedgerDesk

SITE = "nord"


class Auditor:
    """Goes past the running service, straight to the databases."""

    def __init__(self, desk: LedgerDesk, vkey: str, published: str) -> None:
        settings = desk.has.settings
        keyring = Keyring(
            desk.has.keyring_mongo.database(settings.keyring_database), vault=desk.has.vault, kek=settings.kek, site=settings.group
        )
        self.desk = desk
        self.vkey = vkey
        self.published = published
        self.evidence = open_evidence(desk.has.mongo, desk.database, keyring=keyring, group=settings.group)
        self.records = desk.has.mongo.database(f"{settings.mongodb_database}_nord")

    async def verify(self, *, published: bool = False, records: bool = False) -> Report:
        trusted = Trusted(self.vkey, self.published if published else None)
        scope = Scope({self.desk.log: trusted}, {SITE: self.records} if records else {}, patience=0.05)
        return await verify_ledger(scope, evidence=self.evidence)

    async def finds(self, *, published: bool = False, records: bool = False) -> dict[str, int]:
        report = await self.verify(published=published, records=records)
        assert not report.ok
        return dict(report.rules)

    @property
    def entries(self) -> Any:
        return self.desk.database.get_collection(f"entries.{self.desk.log.topic}")

    async def store(self, address: str, version: int, sealed: bytes) -> None:
        await self.records.resources.replace_one({"_id": address}, {"version": version, "sealed": sealed, "deleted": False}, upsert=True)


def a_write(address: str, version: int, sealed: bytes, action: str = "update") -> list[Any]:
    return [*address.split("/"), version, base64.b64encode(sha256(sealed).digest()).decode(), action]


@pytest.fixture
async def auditor(desk: LedgerDesk) -> AsyncIterator[Auditor]:
    """After a day's work: 600 notes of a source that left, three resources written, one of them deleted."""
    source = FakeSource()
    async with desk.running():
        await desk.send(*(source.note() for _ in range(300)))
        await desk.signs(size=300)
        written = [
            a_write("Observation/a", 1, b"a1", "create"),
            a_write("Observation/b", 1, b"b1", "create"),
            a_write("Patient/c", 1, b"c1", "create"),
        ]
        await desk.send(source.note(writes=written, actor={"site": SITE}))
        await desk.send(source.note(writes=[a_write("Observation/a", 2, b"a2")], site=SITE))
        await desk.send(source.note(writes=[a_write("Patient/c", 2, b"c2", "delete")], site=SITE))
        await desk.send(*(source.note() for _ in range(297)), source.beat("left"))
        published = await desk.signs(size=600)
        made = Auditor(desk, await desk.vkey(), published)
        await made.store("Observation/a", 2, b"a2")
        await made.store("Observation/b", 1, b"b1")
        await made.store("Patient/c", 2, b"c2")
        yield made


class TestVerifyLedger:
    async def test_finds_nothing_wrong_where_nothing_is(self, auditor: Auditor) -> None:
        report = await auditor.verify(published=True, records=True)

        assert report.ok, report.findings
        assert not report.findings
        assert report.counts["entries"] == 600
        assert (report.counts["writes"], report.counts["resources"]) == (5, 3)

    async def test_finds_nothing_wrong_while_notes_arrive(self, auditor: Auditor) -> None:
        source = FakeSource()
        for _ in range(5):
            await auditor.desk.send(*(source.note() for _ in range(200)))
            report = await auditor.verify(published=True, records=True)
            assert report.ok, report.findings

    @pytest.mark.parametrize(
        "field", [{"sealed": b"\x01" + bytes(60)}, {"leaf": bytes(32)}, {"number": 9000}, {"note": "x"}, {"offset": 3}, {"flag": "salt"}]
    )
    async def test_finds_an_altered_entry(self, auditor: Auditor, field: dict[str, Any]) -> None:
        await auditor.entries.update_one({"_id": 17}, {"$set": field})

        found = await auditor.finds()

        assert found.keys() & {"entry-altered", "reordered"}

    async def test_finds_a_deleted_entry(self, auditor: Auditor) -> None:
        await auditor.entries.delete_one({"_id": 17})

        assert (await auditor.finds())["entry-missing"] == 1

    async def test_finds_two_entries_that_changed_places(self, auditor: Auditor) -> None:
        rows = [await auditor.entries.find_one({"_id": index}) for index in (17, 18)]
        for index, row in zip((18, 17), rows, strict=True):
            await auditor.entries.replace_one({"_id": index}, {**row, "_id": index})

        found = await auditor.finds()

        assert {"entry-altered", "reordered", "fork"} <= found.keys()

    async def test_finds_a_ledger_that_was_cut_with_all_that_belongs_to_it(self, auditor: Auditor) -> None:
        await cut(auditor, 100)

        assert "cut" in await auditor.finds()

        await auditor.desk.database.checkpoints.delete_many({})
        assert "cut" in await auditor.finds(published=True)

    async def test_finds_an_altered_tile_and_an_altered_head(self, auditor: Auditor) -> None:
        await auditor.desk.database.tiles.update_one({"_id": f"{auditor.desk.log.topic}/0/1"}, {"$set": {"hashes": bytes(8192)}})
        await auditor.desk.database.heads.update_one({"_id": auditor.desk.log.origin}, {"$set": {"root": bytes(32)}})

        assert await auditor.finds() == {"tile-altered": 1, "head-altered": 1}

    async def test_finds_a_ledger_that_was_rebuilt_and_signed_by_another_key(self, auditor: Auditor) -> None:
        head = await auditor.desk.has.store.head(auditor.desk.log)
        assert head is not None
        forged = signed_by_another(Checkpoint(auditor.desk.log.origin, head.size, head.root))
        await auditor.desk.database.checkpoints.update_many({}, {"$set": {"note": forged}})

        assert (await auditor.finds()).keys() == {"forged-checkpoint", "unsigned"}

    async def test_finds_numbers_that_were_made_up(self, auditor: Auditor) -> None:
        await auditor.desk.database.sources.update_one({"log": auditor.desk.log.topic}, {"$set": {"seen": [[1, 700]]}})

        assert await auditor.finds() == {"numbers-altered": 1}

    async def test_finds_a_gap_and_warns_of_an_unclean_end(self, auditor: Auditor) -> None:
        hiding, killed = FakeSource(number=1), FakeSource(number=1)

        await auditor.desk.send(
            hiding.note(), hiding.beat(), killed.note(), killed.beat(lowest=1), killed.beat("dead", lowest=0, following=0)
        )
        await auditor.desk.signs(size=602)
        await auditor.desk.suspects("unclean-end")

        assert await auditor.finds() == {"gap": 1, "unclean-end": 1}

    async def test_counts_what_was_erased_early(self, auditor: Auditor) -> None:
        await auditor.entries.update_one({"_id": 17}, {"$set": {"sealed": None}})

        report = await auditor.verify()

        assert report.ok
        assert report.counts["erased"] == 1


class TestVerifyRecords:
    async def test_finds_a_resource_that_was_rolled_back(self, auditor: Auditor) -> None:
        await auditor.store("Observation/a", 1, b"a1")

        assert await auditor.finds(records=True) == {"rolled-back": 1}

    async def test_finds_a_deleted_resource_that_came_back(self, auditor: Auditor) -> None:
        await auditor.store("Patient/c", 1, b"c1")

        assert await auditor.finds(records=True) == {"rolled-back": 1}

    async def test_finds_a_resource_that_is_gone(self, auditor: Auditor) -> None:
        await auditor.records.resources.delete_one({"_id": "Observation/b"})

        assert await auditor.finds(records=True) == {"missing": 1}

    async def test_finds_a_resource_with_other_bytes(self, auditor: Auditor) -> None:
        await auditor.store("Observation/b", 1, b"b?")

        assert await auditor.finds(records=True) == {"altered": 1}

    async def test_finds_a_resource_that_nobody_noted(self, auditor: Auditor) -> None:
        await auditor.store("Observation/d", 1, b"d1")
        await auditor.store("Observation/b", 2, b"b2")

        assert await auditor.finds(records=True) == {"unnoted": 2}

    async def test_waits_for_a_note_that_is_on_its_way(self, auditor: Auditor) -> None:
        await auditor.store("Observation/d", 1, b"d1")
        note = FakeSource().note(writes=[a_write("Observation/d", 1, b"d1", "create")], site=SITE)
        scope = Scope({auditor.desk.log: Trusted(auditor.vkey)}, {SITE: SendingDatabase(auditor, note)}, patience=1)  # type: ignore[dict-item]

        report = await verify_ledger(scope, evidence=auditor.evidence)

        assert report.ok, report.findings


class TestProveNote:
    async def test_verifies_from_the_bytes_up_to_the_signature(self, auditor: Auditor) -> None:
        entry = await auditor.entries.find_one({"_id": 123})

        proof, checkpoint = await prove_note(entry["note"], log=auditor.desk.log, vkey=auditor.vkey, evidence=auditor.evidence)

        assert (proof.index, checkpoint.size) == (123, 600)

    async def test_believes_no_other_key(self, auditor: Auditor) -> None:
        entry = await auditor.entries.find_one({"_id": 123})
        other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        verifier = Ed25519Verifier(auditor.desk.log.origin, other)

        with pytest.raises(WordRejectedError):
            await prove_note(entry["note"], log=auditor.desk.log, vkey=format_vkey(verifier), evidence=auditor.evidence)


class SendingDatabase:
    """The note of a document arrives only after the document was read."""

    def __init__(self, auditor: Auditor, note: tuple[bytes, list[tuple[str, bytes]]]) -> None:
        self._auditor = auditor
        self._note = note

    def get_collection(self, _name: str) -> Any:
        return dataclasses.make_dataclass("Rows", ["find", "find_one"])(self._find, self._find_one)

    def _find(self, *args: Any, **kwargs: Any) -> Any:
        return self._auditor.records.resources.find(*args, **kwargs)

    async def _find_one(self, *args: Any, **kwargs: Any) -> Any:
        if self._note:
            await self._auditor.desk.send(self._note)
            await self._auditor.desk.sequences(size=601)
            self._note = ()  # type: ignore[assignment]
        return await self._auditor.records.resources.find_one(*args, **kwargs)


async def cut(auditor: Auditor, size: int) -> None:
    """Everything as it was at that size, with a head that fits."""
    leaves = [row["leaf"] async for row in auditor.entries.find({"_id": {"$lt": size}}).sort("_id", 1)]
    growth = TileTree().append([leaf_hash(bytes(leaf)) for leaf in leaves])
    await auditor.entries.delete_many({"_id": {"$gte": size}})
    await auditor.desk.database.tiles.delete_many({})
    for (level, n), tile in growth.changed.items():
        await auditor.desk.database.tiles.insert_one({"_id": f"{auditor.desk.log.topic}/{level}/{n}", "hashes": tile})
    changes = {"size": size, "root": growth.tree.root()}
    await auditor.desk.database.heads.update_one({"_id": auditor.desk.log.origin}, {"$set": changes})


def signed_by_another(checkpoint: Checkpoint) -> str:
    key = Ed25519PrivateKey.generate()
    verifier = Ed25519Verifier(checkpoint.origin, key.public_key().public_bytes_raw())
    return make_note(checkpoint.body(), [Signature(verifier.name, verifier.key_id, key.sign(checkpoint.body().encode()))])
