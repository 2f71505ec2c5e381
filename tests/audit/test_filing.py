"""What a Kafka record is taken for, and what a batch comes to."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.audit.model import Incoming, Source
from services.audit.sequencing.filing import file_batch, suspects
from services.audit.sequencing.incoming import Heartbeat, Note, Unreadable, read_incoming
from shared.notes import HEARTBEAT
from tests.audit.ledger_desk import FakeSource

NOW = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)


def arrived(record: tuple[bytes, list[tuple[str, bytes]]], *, offset: int = 0, partition: int = 0) -> Incoming:
    return Incoming(offset, partition, record[0], tuple(record[1]))


def a_heartbeat(**other: Any) -> tuple[bytes, list[tuple[str, bytes]]]:
    said = {"incarnation": "a" * 32, "type": HEARTBEAT, "state": "alive", "lowest": 1, "next": 1} | other
    return json.dumps(said).encode(), [("ce_type", HEARTBEAT.encode())]


class TestReadIncoming:
    def test_knows_a_note(self) -> None:
        assert isinstance(read_incoming(arrived(FakeSource().note())), Note)

    def test_knows_a_note_that_quotes_a_heartbeat(self) -> None:
        assert isinstance(read_incoming(arrived(FakeSource().note(remark=HEARTBEAT))), Note)

    def test_knows_a_heartbeat(self) -> None:
        assert read_incoming(arrived(a_heartbeat(lowest=3, next=5))) == Heartbeat(0, "a" * 32, "alive", 3, 5)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"incarnation": "A" * 32},
            {"incarnation": 3},
            {"state": "asleep"},
            {"state": []},
            {"lowest": -1},
            {"lowest": True},
            {"next": 2**63},
            {"next": "3"},
        ],
    )
    def test_keeps_a_malformed_heartbeat_as_a_leaf(self, wrong: dict[str, Any]) -> None:
        read = read_incoming(arrived(a_heartbeat(**wrong)))

        assert isinstance(read, Unreadable)
        assert read.reason == "heartbeat"

    def test_keeps_a_heartbeat_under_a_note_s_header_as_a_leaf(self) -> None:
        value, _ = a_heartbeat()

        assert isinstance(read_incoming(Incoming(0, 0, value, (("ce_type", b"note"),))), Unreadable)

    @pytest.mark.parametrize(("facts", "partition", "reason"), [({}, 1, "partition"), ({"id": "x" * 65}, 0, "ce_id")])
    def test_does_not_believe_a_note_in_the_wrong_place(self, facts: dict[str, Any], partition: int, reason: str) -> None:
        read = read_incoming(arrived(FakeSource().note(**facts), partition=partition))

        assert isinstance(read, Unreadable)
        assert read.reason == reason

    def test_does_not_file_under_an_endless_id(self) -> None:
        value, _ = FakeSource().note(id="x" * 65)

        read = read_incoming(Incoming(0, 0, value, ()))

        assert isinstance(read, Unreadable)
        assert read.reason == "id"


class TestFileBatch:
    def test_leaves_the_given_sources_as_they_were(self) -> None:
        maker = FakeSource()
        source = Source(maker.incarnation, NOW)
        note = read_incoming(arrived(maker.note()))

        filing = file_batch([note], {maker.incarnation: source}, frozenset(), topic="t", now=NOW)

        assert source.seen.highest() is None
        assert filing.sources[maker.incarnation].seen.highest() == 1

    def test_asks_only_about_numbers_that_were_seen(self) -> None:
        maker = FakeSource()
        first, second = (read_incoming(arrived(maker.note())) for _ in range(2))
        known = file_batch([first], {}, frozenset(), topic="t", now=NOW).sources

        assert isinstance(first, Note)
        assert suspects([first, second], known) == [first.facts.id]

    def test_tells_a_duplicate_from_a_second_use(self) -> None:
        maker = FakeSource()
        first, other = read_incoming(arrived(maker.note(number=1))), read_incoming(arrived(maker.note(number=1)))
        known = file_batch([first], {}, frozenset(), topic="t", now=NOW).sources

        assert isinstance(first, Note)
        filing = file_batch([first, other, other], known, frozenset({first.leaf}), topic="t", now=NOW)

        assert [draft.flag for draft in filing.drafts] == ["number-reused"]
        assert [each.rule for each in filing.suspicions] == ["number-reused"]
