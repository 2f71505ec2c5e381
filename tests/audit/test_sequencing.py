"""Notes become entries exactly once, in order, whatever dies; what is missing or strange is told."""

import asyncio

import pytest
from confluent_kafka.admin import AdminClient

from services.audit.checkpoint import open_checkpoint, parse_proof, verify_proof
from services.audit.ledger_store import HeadLostError
from services.audit.merkle import leaf_hash
from services.audit.model import Incoming
from services.audit.reading.prove_entry import prove_entry
from services.audit.sequencing.sequence_notes import Ledger, sequence_notes
from services.audit.sequencing.take_up_log import KafkaLog, take_up_log
from services.audit.settings import AuditSettings
from shared.clock import utc_now
from tests.audit.conftest import FakeSource, LedgerDesk, make_topics, open_desk, remove_topic


class TestSequencer:
    async def test_appends_each_note_once_and_signs(self, desk: LedgerDesk) -> None:
        source = FakeSource()
        notes = [source.note() for _ in range(600)]

        async with desk.running():
            await desk.send(*notes, source.beat())
            signed = await desk.signs(size=600)

        checkpoint, _ = open_checkpoint(signed, log=await desk.verifier())
        assert checkpoint.size == 600
        opened = [await desk.has.sealer.open(desk.log, entry) for entry in await desk.entries()]
        assert [(each.value, list(each.headers)) for each in opened if each] == notes
