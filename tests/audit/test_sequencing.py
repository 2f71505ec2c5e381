"""Notes become entries exactly once, in order, whatever dies; what is missing or strange is told."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from services.audit.checkpoint import open_checkpoint, parse_proof, verify_proof
from services.audit.ledger_store import HeadLostError
from services.audit.merkle import leaf_hash
from services.audit.model import Incoming
from services.audit.progress import LogStoppedError
from services.audit.reading.prove_entry import prove_entry
from services.audit.reading.read_log import NotInLedgerError
from services.audit.sequencing.sequence_notes import Ledger, sequence_notes
from services.audit.sequencing.take_up_log import KafkaLog, take_up_log
from services.audit.settings import AuditSettings
from services.audit.signing.published_checkpoints import published_checkpoint
from shared.clock import utc_now
from tests.audit.ledger_desk import FakeSource, LedgerDesk, eventually, make_topics, open_desk, remove_topic

ROOT = Path(__file__).parents[2]

POISON = """
import asyncio, sys
from aiokafka import AIOKafkaProducer

class Name(str):
    def encode(self, *_):
        return b"\\xff"

async def main(bootstrap, user, password, topic):
    how = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "SCRAM-SHA-512"}
    who = {"sasl_plain_username": user, "sasl_plain_password": password}
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, **how, **who) as producer:
        await producer.send_and_wait(topic, b"x", headers=[(Name("n"), b"v")], partition=0)

asyncio.run(main(*sys.argv[1:]))
"""

LONG = os.environ.get("SERMENT_CAMPAIGN") == "long"
_TRANSACTION_LIVES = 90.0
"""Seconds: a killed process's open transaction holds its documents for up to a minute, in MongoDB as here."""


class TestSequencer:
    async def test_appends_each_note_once_in_order(self, desk: LedgerDesk) -> None:
        source = FakeSource()
        notes = [source.note() for _ in range(600)]

        async with desk.running():
            await desk.send(*notes, source.beat())
            await desk.sequences(size=600)

        opened = [await desk.has.sealer.open(desk.log, entry) for entry in await desk.entries()]
        assert [(each.value, list(each.headers)) for each in opened if each] == notes

    async def test_drops_a_note_that_is_delivered_again(self, desk: LedgerDesk) -> None:
        source = FakeSource()
        first, second, third = source.note(), source.note(), source.note()

        async with desk.running("sequencer"):
            await desk.send(first, first, second)
            await desk.sequences(size=2)
            await desk.send(second, third, first)
            await desk.sequences(size=3)

        assert [entry.number for entry in await desk.entries()] == [1, 2, 3]
        assert not await desk.suspected("number-reused")

    async def test_keeps_a_second_note_under_the_same_number_and_tells(self, desk: LedgerDesk) -> None:
        source = FakeSource()
        other = source.note(number=1)

        async with desk.running("sequencer"):
            await desk.send(source.note(), other, other)
            await desk.sequences(size=2)
            await desk.send(other, source.note())
            await desk.sequences(size=3)

        assert [(entry.number, entry.flag) for entry in await desk.entries()] == [(1, None), (1, "number-reused"), (2, None)]
        assert (await desk.suspects("number-reused"))["number"] == 1

    async def test_keeps_what_it_cannot_read(self, desk: LedgerDesk) -> None:
        source = FakeSource()
        value, headers = source.note()
        strange = [(b"", []), (b"\xff\xfe", []), (None, [("x", b"\xff")]), (value, [*headers, ("ce_number", b"9")]), (b'{"type":1}', [])]

        async with desk.running("sequencer"):
            await desk.send(*strange, source.note())
            await desk.sequences(size=6)

        assert [entry.flag for entry in await desk.entries()] == ["not-json", "not-json", "not-json", "ce_number", "salt", None]
        assert (await desk.suspects("unreadable-note"))["count"] == 5

    async def test_lets_a_zombie_write_nothing(self, desk: LedgerDesk) -> None:
        ledger = Ledger(desk.log, desk.has.store, desk.has.sealer)
        source = FakeSource()
        batch = [Incoming(offset, 0, *_frozen(source.note())) for offset in range(3)]
        zombie = await take_up_log(desk.log, KafkaLog("t", 0, 9), store=desk.has.store, tiles=desk.has.tiles)
        alive = await take_up_log(desk.log, KafkaLog("t", 0, 9), store=desk.has.store, tiles=desk.has.tiles)
        await sequence_notes(batch, alive, now=utc_now(), ledger=ledger)

        with pytest.raises(HeadLostError):
            await sequence_notes(batch[:2], zombie, now=utc_now(), ledger=ledger)

        assert [entry.offset for entry in await desk.entries()] == [0, 1, 2]

    async def test_hands_over_without_loss_or_double(self, desk: LedgerDesk, settings: AuditSettings) -> None:
        source = FakeSource()
        sent = 0
        async with open_desk(settings, desk.log.topic) as other:
            for _ in range(3):
                for each in (desk, other):
                    async with each.running("sequencer"):
                        await desk.send(*(source.note() for _ in range(400)))
                        sent += 400
                        await desk.sequences(size=sent - 200)

            async with desk.running("sequencer"), other.running("sequencer"):
                await desk.send(*(source.note() for _ in range(100)))
                await desk.sequences(size=sent + 100)
                await asyncio.sleep(4)  # both have joined the group, so both leave it in order

        assert [entry.number for entry in await desk.entries()] == list(range(1, sent + 101))

    async def test_survives_being_killed(self, desk: LedgerDesk, settings: AuditSettings, tmp_path: Path) -> None:
        """In the short form where no transaction is open; the long one kills in the middle of them, and waits until MongoDB gives up."""
        source = FakeSource()
        total = 0
        for _ in range(5 if LONG else 1):
            async with _process(settings, desk.log.topic, tmp_path):
                for _ in range(10):
                    await desk.send(*(source.note() for _ in range(100)))
                    total += 100
                    await asyncio.sleep(0.02)
                await desk.sequences(size=total - 500 if LONG else total, within=_TRANSACTION_LIVES)
                if not LONG:
                    await desk.signs(size=total, within=_TRANSACTION_LIVES)

        await desk.send(*(source.note() for _ in range(100)))
        total += 100
        async with desk.running():
            await desk.sequences(size=total, within=_TRANSACTION_LIVES)
            await desk.signs(size=total, within=_TRANSACTION_LIVES)

        assert [entry.number for entry in await desk.entries()] == list(range(1, total + 1))

    async def test_stops_when_the_topic_is_another_one(self, desk: LedgerDesk, kafka_admin: AdminClient) -> None:
        source = FakeSource()
        async with desk.running("sequencer"):
            await desk.send(source.note())
            await desk.sequences(size=1)
        remove_topic(kafka_admin, desk.log.topic)
        await asyncio.sleep(0.5)
        make_topics(kafka_admin, desk.log.topic)
        await desk.send(source.note(), source.note())

        async with desk.running("sequencer"):
            evidence = await desk.suspects("log-changed")

        assert evidence["known_topic"] != evidence["found_topic"]
        assert len(await desk.entries()) == 1
        with pytest.raises(LogStoppedError):
            await desk.progress.ping()

    async def test_stops_when_the_log_is_shorter_than_it_was(self, desk: LedgerDesk) -> None:
        async with desk.running("sequencer"):
            await desk.send(FakeSource().note())
            await desk.sequences(size=1)
        await desk.database.heads.update_one({"_id": desk.log.origin}, {"$set": {"next_offset": 5}})

        async with desk.running("sequencer"):
            evidence = await desk.suspects("log-truncated")

        assert evidence == {"next_offset": 5, "beginning": 0, "end": 1}

    async def test_stops_when_the_stored_tree_is_not_the_one_it_left(self, desk: LedgerDesk) -> None:
        async with desk.running("sequencer"):
            await desk.send(FakeSource().note())
            await desk.sequences(size=1)
        await desk.database.tiles.update_one({"_id": f"{desk.log.topic}/0/0"}, {"$set": {"hashes": bytes(32)}})

        async with desk.running("sequencer"):
            await desk.suspects("store-altered")

        assert desk.progress.stopped == "store-altered"

    async def test_stops_at_a_record_that_cannot_be_handed_over(self, desk: LedgerDesk) -> None:
        settings = desk.has.settings
        said = [settings.kafka_bootstrap[0], settings.kafka_username, settings.kafka_password.get_secret_value(), desk.log.topic]
        sending = await asyncio.create_subprocess_exec(
            sys.executable, "-c", POISON, *said, env=os.environ | {"AIOKAFKA_NO_EXTENSIONS": "1"}
        )
        assert await sending.wait() == 0

        async with desk.running("sequencer"):
            await desk.suspects("log-unreadable")

        assert desk.progress.stopped == "log-unreadable"


class TestCompleteness:
    async def test_tells_a_gap_once(self, desk: LedgerDesk) -> None:
        source = FakeSource()
        lost = source.note(), source.note()

        async with desk.running("sequencer"):
            await desk.send(source.note(), source.beat(), source.beat(), source.note(), source.beat())
            await desk.sequences(size=2)
            evidence = await desk.suspects("gap")

        assert lost
        assert (evidence["missing"], evidence["missing_count"]) == ([[1, 2]], 2)
        assert [row["_id"] for row in await desk.suspected("gap")] == [f"gap/{desk.log.topic}/{source.incarnation}/1"]

    async def test_tells_an_unclean_end(self, desk: LedgerDesk) -> None:
        source = FakeSource()
        first, _lost, third = source.note(), source.note(), source.note()

        async with desk.running("sequencer"):
            await desk.send(first, third, source.beat(lowest=2, following=5), source.beat("dead", lowest=0, following=0))
            evidence = await desk.suspects("unclean-end")

        assert (evidence["last_number"], evidence["missing"]) == (3, [[2, 2], [4, 4]])

    async def test_tells_a_silence_once_and_no_clean_leave(self, desk: LedgerDesk) -> None:
        silent, gone = FakeSource(), FakeSource()

        async with desk.running("sequencer"):
            await desk.send(silent.note(), silent.beat(), gone.note(), gone.beat("left"))
            evidence = await desk.suspects("silent-incarnation")
            await asyncio.sleep(2.5)

        assert evidence["incarnation"] == silent.incarnation
        assert len(await desk.suspected("silent-incarnation")) == 1

    async def test_publishes_what_it_suspects(self, desk: LedgerDesk) -> None:
        async with desk.running("sequencer"):
            await desk.send((b"?", []))
            await desk.suspects("unreadable-note")

        [row] = await desk.has.outbox.first()
        assert row["topic"] == "audit.suspicion"


class TestSigning:
    async def test_signs_what_the_key_of_the_log_verifies(self, desk: LedgerDesk) -> None:
        async with desk.running():
            await desk.send(*(FakeSource().note() for _ in range(300)))
            note = await desk.signs(size=300)

            checkpoint, _ = open_checkpoint(note, log=await desk.verifier())
            await eventually(lambda: _is_published(desk, 300))

        head = await desk.has.store.head(desk.log)
        assert head is not None
        assert (checkpoint.size, checkpoint.root) == (head.size, head.root)

    async def test_signs_no_log_that_was_cut(self, desk: LedgerDesk) -> None:
        source = FakeSource()
        async with desk.running():
            await desk.send(source.note(), source.note())
            await desk.signs(size=2)
            await eventually(lambda: _is_published(desk, 2))
        for name in ("heads", "tiles", "sources", "checkpoints", f"entries.{desk.log.topic}"):
            await desk.database.get_collection(name).delete_many({})
        await _forge(desk, 2)

        async with desk.running():
            await desk.send(source.note())
            evidence = await desk.suspects("fork")

        assert evidence["signed_size"] == 2
        assert await desk.has.checkpoints.latest(desk.log) is None


class TestProveEntry:
    async def test_proves_every_entry(self, desk: LedgerDesk) -> None:
        source = FakeSource()
        async with desk.running():
            await desk.send(*(source.note() for _ in range(300)))
            await desk.signs(size=300)
        verifier = await desk.verifier()

        for entry in (await desk.entries())[::37]:
            text = (await _proof(desk, entry.note or "")).text()
            proof = parse_proof(text)
            assert proof.index == entry.index
            assert verify_proof(proof, leaf_hash(entry.leaf), log=verifier).size == 300

    async def test_knows_no_note_that_is_not_signed(self, desk: LedgerDesk) -> None:
        async with desk.running("sequencer"):
            await desk.send(FakeSource().note())
            await desk.sequences(size=1)
        [entry] = await desk.entries()

        with pytest.raises(NotInLedgerError):
            await _proof(desk, entry.note or "")
        with pytest.raises(NotInLedgerError):
            await _proof(desk, "unknown")


async def _forge(desk: LedgerDesk, size: int) -> None:
    """Another history of the same length, made by somebody who has the service's own keys."""
    found = KafkaLog(await desk.has.topic_ids.of(desk.log.topic), 0, size)
    memory = await take_up_log(desk.log, found, store=desk.has.store, tiles=desk.has.tiles)
    source = FakeSource()
    forged = [Incoming(offset, 0, *_frozen(source.note())) for offset in range(size)]
    await sequence_notes(forged, memory, now=utc_now(), ledger=Ledger(desk.log, desk.has.store, desk.has.sealer))


def _frozen(record: tuple[bytes, list[tuple[str, bytes]]]) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    return record[0], tuple(record[1])


async def _proof(desk: LedgerDesk, note: str):
    return await prove_entry(note, log=desk.log, store=desk.has.store, tiles=desk.has.tiles, checkpoints=desk.has.checkpoints)


async def _is_published(desk: LedgerDesk, size: int) -> bool:
    found = await published_checkpoint(desk.has.connection, await desk.verifier())
    return found is not None and found[0].size == size


@asynccontextmanager
async def _process(settings: AuditSettings, topic: str, tmp_path: Path) -> AsyncIterator[None]:
    """The real process, on one log of the test's own, until it is killed."""
    secrets = {"kafka_password", "mongodb_uri", "keyring_uri"}
    said = settings.model_dump(mode="json") | {name: getattr(settings, name).get_secret_value() for name in secrets}
    environment = {f"SERMENT_{name.upper()}": _worded(value) for name, value in said.items() if value is not None}
    script = f"import services.audit.resources as r; r.LOGGED_TOPICS = ({topic!r},)\nfrom services.audit.main import main\nmain()"
    with (tmp_path / f"audit-{os.urandom(4).hex()}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, env=os.environ | environment, cwd=ROOT, stderr=log, stdout=log
        )
    try:
        yield
    finally:
        process.kill()
        await process.wait()


def _worded(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
