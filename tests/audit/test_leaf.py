"""A note's bytes become a leaf whatever they are, and facts only when all of them can be read."""

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.leaf import NoteFacts, Opaque, leaf_data, read_note

SALT = bytes(range(32))
ABSENT = object()
BAD_SALTS = [
    ABSENT,
    None,
    7,
    [1],
    "",
    "é" * 44,
    b64encode(bytes(31)).decode(),
    b64encode(bytes(33)).decode(),
    b64encode(b"\xff" * 32).decode().replace("/", "_"),
    b64encode(SALT).decode().rstrip("="),
    b64encode(SALT).decode() + "=",
    b64encode(SALT).decode() + "\n",
    b64encode(SALT).decode()[:-2] + "9=",  # two stray bits
]


def a_note(**changes: object) -> bytes:
    fields: dict[str, Any] = {
        "id": "0197c9a4-5b1e-7aaa-8000-000000000001",
        "incarnation": "0123456789abcdef" * 2,
        "partition": 0,
        "number": 12,
        "time": "2026-03-01T10:20:30.123456+01:00",
        "type": "records.answered",
        "salt": b64encode(SALT).decode(),
    } | changes
    return orjson.dumps({key: value for key, value in fields.items() if value is not ABSENT})


def headers_of(note: bytes, **changes: bytes) -> dict[str, bytes]:
    fields = orjson.loads(note)
    return {f"ce_{key}": str(fields[key]).encode() for key in ("id", "type", "time", "incarnation", "number")} | changes


def committed(salt: bytes, value: bytes) -> bytes:
    return sha256(b"serment/note/v1\x00" + salt + value).digest()


class TestLeafData:
    def test_commits_to_salt_and_exact_bytes(self) -> None:
        note = a_note()

        assert leaf_data(note) == committed(SALT, note)
        assert leaf_data(note + b" ") == committed(SALT, note + b" ")

    def test_never_changes(self) -> None:
        value = b'{"salt":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}'

        assert leaf_data(value).hex() == "49265b265de16dcc2483a5326d4d6ec09725b6b86dc9a273a07b1e53fe296d95"

    @pytest.mark.parametrize("salt", BAD_SALTS)
    def test_takes_zeros_for_a_salt_that_cannot_be_read(self, salt: object) -> None:
        note = a_note(salt=salt)

        assert leaf_data(note) == committed(bytes(32), note)

    @pytest.mark.parametrize("value", [b"", b"{", b"[]", b"null", b'"salt"', b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b"NaN"])
    def test_takes_zeros_for_bytes_that_are_no_object(self, value: bytes) -> None:
        assert leaf_data(value) == committed(bytes(32), value)

    @given(st.binary(max_size=200))
    def test_never_raises(self, value: bytes) -> None:
        assert len(leaf_data(value)) == 32


class TestReadNote:
    def test_reads_the_facts(self) -> None:
        note = a_note()

        assert read_note(note, headers_of(note)) == NoteFacts(
            id="0197c9a4-5b1e-7aaa-8000-000000000001",
            incarnation="0123456789abcdef" * 2,
            partition=0,
            number=12,
            time=datetime(2026, 3, 1, 9, 20, 30, 123456, tzinfo=UTC),
            type="records.answered",
        )

    @pytest.mark.parametrize("header", ["ce_id", "ce_type", "ce_time", "ce_incarnation", "ce_number"])
    def test_is_opaque_when_a_header_says_otherwise(self, header: str) -> None:
        note = a_note()

        assert read_note(note, headers_of(note, **{header: b"\xffother"})) == Opaque(header)

    def test_minds_no_header_that_is_absent_or_its_own(self) -> None:
        assert isinstance(read_note(a_note(), {"traceparent": b"00-0"}), NoteFacts)

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            *[(key, value) for key in ("id", "type", "incarnation", "time") for value in (ABSENT, None, 7, "", ["a"])],
            *[(key, value) for key in ("partition", "number") for value in (ABSENT, None, "1", 1.0, True, -1, 2**63)],
            ("number", 0),
            ("incarnation", "0123456789ABCDEF" * 2),
            ("incarnation", "0123456789abcdef" * 2 + "\n"),
            ("time", "2026-03-01T10:20:30"),
            ("time", "2026-03-01 10:20:30Z"),
            ("time", "2026-02-30T10:20:30Z"),
            ("time", "2026-03-01T24:00:00Z"),
            ("time", "2026-03-01T10:20:60Z"),
            ("time", "0001-01-01T00:00:00+01:00"),
            ("time", "0000-01-01T00:00:00Z"),
            *[("salt", salt) for salt in BAD_SALTS],
        ],
    )
    def test_is_opaque_when_a_field_cannot_be_read(self, key: str, value: object) -> None:
        assert read_note(a_note(**{key: value}), {}) == Opaque(key)

    @pytest.mark.parametrize("time", ["2026-03-01T10:20:30Z", "2026-03-01T10:20:30.1Z", "2026-03-01T10:20:30.123456789-05:00"])
    def test_reads_the_usual_spellings_of_a_time(self, time: str) -> None:
        assert isinstance(read_note(a_note(time=time), {}), NoteFacts)

    @pytest.mark.parametrize(("value", "reason"), [(b"", "not-json"), (b"[" * 100_000, "not-json"), (b"[]", "not-an-object")])
    def test_is_opaque_when_it_is_no_object(self, value: bytes, reason: str) -> None:
        assert read_note(value, {}) == Opaque(reason)

    @given(st.recursive(st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(), st.lists), st.binary(max_size=20))
    def test_never_raises(self, odd: object, header: bytes) -> None:
        for key in ("id", "incarnation", "partition", "number", "time", "type", "salt"):
            read_note(orjson.dumps({**orjson.loads(a_note()), key: odd}), {f"ce_{key}": header})
