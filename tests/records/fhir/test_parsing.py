"""JSON is read exactly or refused, in bounded time."""

from __future__ import annotations

import json
from decimal import Decimal
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.records.fhir.issues import UnreadableResourceError
from services.records.fhir.parsing import dump_json, parse_json
from shared.errors import AnticipatedError

from .sample import LIMIT, bundle_bytes

REFUSED = [
    (b"", "not-json"),
    (b"{", "not-json"),
    (b'{"a": 01}', "not-json"),
    (b'{"a": "\x01"}', "not-json"),
    (b'\xef\xbb\xbf{"a": 1}', "not-json"),
    (b'{"a": 1} x', "not-json"),
    (b'{"a": "\xff"}', "not-utf-8"),
    (b'{"a": "\xed\xa0\x80"}', "not-utf-8"),
    (b"[]", "not-an-object"),
    (b"null", "not-an-object"),
    (b'{"a": 1, "a": 1}', "duplicate-key"),
    (b'{"a": [{"b": 1, "\\u0062": 2}]}', "duplicate-key"),
    (b'{"a": NaN}', "bad-number"),
    (b'{"a": -Infinity}', "bad-number"),
    (b'{"a": 1e999999999}', "bad-number"),
    (b'{"a": 1e-999999999}', "bad-number"),
    (b'{"a": ' + b"7" * 300 + b"}", "bad-number"),
    (b'{"a": "\\ud83d"}', "unpaired-surrogate"),
    (b'{"\\ude00": 1}', "unpaired-surrogate"),
    (b'{"a":' * 65 + b"1" + b"}" * 65, "too-deep"),
]
HOSTILE = [
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    b'{"a": ' + b"9" * 10_000_000 + b"}",
    b'{"a": 0.' + b"9" * 10_000_000 + b"}",
    b'{"a": "' + b"\\ud800" * 1_000_000 + b'"}',
    b"{" + b'"a":1,' * 1_000_000 + b'"a":1}',
]
EXACT = ["1.10", "1E-22", "100", "-0.0", "0.0000001", "1.50E+3", "123456789012345678901234567890", "0.1000000000000000055511151231257827"]


def refusal(raw: bytes, limit: int = LIMIT) -> AnticipatedError:
    with pytest.raises(UnreadableResourceError) as caught:
        parse_json(raw, limit=limit)
    return caught.value


class TestParseJson:
    @pytest.mark.parametrize(("raw", "key"), REFUSED)
    def test_refuses(self, raw: bytes, key: str) -> None:
        refused = refusal(raw)

        assert isinstance(refused, UnreadableResourceError)
        assert (refused.found.diagnostics_key, refused.status) == (key, 400)

    def test_refuses_what_is_over_the_limit(self) -> None:
        assert refusal(b'{"a": 1}', limit=7).status == 413
        assert parse_json(b'{"a": 1}', limit=8) == {"a": 1}

    @pytest.mark.parametrize("raw", HOSTILE)
    def test_refuses_hostile_bytes_within_two_seconds(self, raw: bytes) -> None:
        started = perf_counter()

        refusal(raw)

        assert perf_counter() - started < 2

    def test_takes_a_nesting_of_64(self) -> None:
        assert parse_json(b'{"a":' * 64 + b"1" + b"}" * 64, limit=LIMIT)

    def test_takes_a_paired_surrogate(self) -> None:
        assert parse_json(b'{"a": "\\ud83d\\ude00"}', limit=LIMIT) == {"a": "😀"}


class TestDumpJson:
    @pytest.mark.parametrize("number", EXACT)
    def test_keeps_a_number_as_it_was_written(self, number: str) -> None:
        raw = b'{"value":' + number.encode() + b"}"

        assert dump_json(parse_json(raw, limit=LIMIT)) == raw

    @given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=6))
    def test_keeps_every_decimal(self, number: Decimal) -> None:
        raw = f'{{"value":{number:f}}}'.encode()

        assert dump_json(parse_json(raw, limit=LIMIT)) == raw

    @given(st.dictionaries(st.text(), st.none() | st.booleans() | st.text() | st.integers(-(2**53), 2**53) | st.lists(st.text())))
    def test_writes_back_what_was_read(self, resource: dict[str, object]) -> None:
        raw = json.dumps(resource).encode()

        assert json.loads(dump_json(parse_json(raw, limit=LIMIT))) == resource

    def test_gives_the_sample_back_byte_for_byte(self) -> None:
        for raw in bundle_bytes():
            assert dump_json(parse_json(raw, limit=LIMIT)) == raw

    def test_refuses_what_is_no_json(self) -> None:
        with pytest.raises(TypeError):
            dump_json({"a": object()})
