"""Reads JSON so that nothing is lost or guessed, and writes it back with the decimals it came with."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

import orjson

from services.records.fhir.issues import Issue, OversizedResourceError, UnreadableResourceError

DEEPEST = 64
MOST_COMMAS = 4_000_000
"""What an object costs does not depend on how it is written: fifty megabytes of `{},` would take a gigabyte and ten seconds."""

LONGEST_NUMBER = 40
LONGEST_WHOLE = 18
LARGEST_EXPONENT = 300
SMALLEST_PLAIN = -18
FRACTIONS = range(-LARGEST_EXPONENT - LONGEST_NUMBER, 1)
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def parse_json(raw: bytes, *, limit: int) -> dict[str, Any]:
    """Numbers with a fraction or an exponent become `Decimal`, whatever client wrote them: one type, no lost zero."""
    if len(raw) > limit or raw.count(b",") > MOST_COMMAS:
        raise OversizedResourceError(Issue("fatal", "too-long", None, "too-big"))
    text = _decode(raw)
    resource = _load(text)
    if not isinstance(resource, dict):
        raise _unreadable("not-an-object")
    if _is_deeper(resource, DEEPEST):
        raise _unreadable("too-deep", "too-costly")
    if SURROGATE.search(text):
        _refuse_half_characters(resource)
    return resource


def dump_json(resource: dict[str, Any]) -> bytes:
    return orjson.dumps(resource, default=_exactly)


def _decode(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise _unreadable("not-utf-8") from None


def _load(text: str) -> object:
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError:
        raise _unreadable("not-json") from None
    except RecursionError:
        raise _unreadable("too-deep", "too-costly") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _unreadable("duplicate-key")
    return found


def _whole(text: str) -> int | Decimal:
    return int(text) if len(text) <= LONGEST_WHOLE else _decimal(text)


def _decimal(text: str) -> Decimal:
    """Ten bytes can name a number of a billion digits: the exponent is bounded as well as the length."""
    number = Decimal(text) if len(text) <= LONGEST_NUMBER else None
    if number is None or abs(number.adjusted()) > LARGEST_EXPONENT:
        raise _unreadable("bad-number", "value")
    return number


def _not_finite(_: str) -> NoReturn:
    raise _unreadable("bad-number", "value")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_decimal, parse_int=_whole, parse_constant=_not_finite)


def _is_deeper(node: dict[str, Any] | list[Any], levels: int) -> bool:
    """A loop, since `any` over a generator triples what is a sixth of the parse."""
    if levels <= 0:
        return True
    for value in node.values() if type(node) is dict else node:
        if (type(value) is dict or type(value) is list) and _is_deeper(value, levels - 1):
            return True
    return False


def _refuse_half_characters(resource: dict[str, Any]) -> None:
    try:
        dump_json(resource)
    except TypeError:
        raise _unreadable("unpaired-surrogate", "value") from None


def _exactly(value: object) -> orjson.Fragment:
    """Plain digits as far as they are readable; a positive exponent stays one, or digits would be claimed that nobody measured."""
    if not isinstance(value, Decimal):
        raise TypeError
    has_exponent = value.as_tuple().exponent not in FRACTIONS or value.adjusted() < SMALLEST_PLAIN
    return orjson.Fragment(str(value) if has_exponent else format(value, "f"))


def _unreadable(key: str, code: str = "structure") -> UnreadableResourceError:
    return UnreadableResourceError(Issue("fatal", code, None, key))
