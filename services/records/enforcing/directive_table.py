"""All directives in memory, a few hundred bytes each: a patient's newest words as compact JSON, read when they are needed."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import orjson

from shared.directive import Directive, packed, unpacked

_READ_AT_ONCE = 20_000


class DirectiveTable:
    """Keyed by the patient id's sixteen bytes. Only a higher number replaces what is held."""

    def __init__(self) -> None:
        self._held: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        return len(self._held)

    def put(self, directive: Directive) -> None:
        self._held[key_of(directive.patient)] = compact(directive)

    def number_of(self, patient: str) -> int:
        """0 when nothing is held."""
        held = self._held.get(key_of(patient))
        return 0 if held is None else _number(held)

    def find(self, patient: str, *, epoch: int) -> Directive | None:
        held = self._held.get(key_of(patient))
        return None if held is None else _read(held, patient, epoch)


def key_of(patient: str) -> bytes:
    """A name that is no UUID is its own key: whatever the owner of the topic wrote is held, not passed over."""
    try:
        return bytes.fromhex(patient.replace("-", ""))
    except ValueError:
        return patient.encode()


def compact(directive: Directive) -> bytes:
    """Without what the key or the epoch of the table says already."""
    plain = orjson.loads(packed(directive))
    return orjson.dumps([plain["number"], plain["erased"], list(_short(plain["provisions"]))])


def _short(provisions: list[Any]) -> Iterator[list[Any]]:
    """Each provision without its empty end; most name one unit and nothing else."""
    for provision in provisions:
        *criteria, source, exceptions = provision
        while criteria and criteria[-1] in ([], None):
            criteria.pop()
        yield [source, list(_short(exceptions)), *criteria]


def _number(held: bytes) -> int:
    return int(held[1 : held.index(b",")])


@lru_cache(maxsize=_READ_AT_ONCE)
def _read(held: bytes, patient: str, epoch: int) -> Directive:
    number, erased, provisions = orjson.loads(held)
    plain = {
        "patient": patient,
        "number": number,
        "epoch": epoch,
        "mustUnderstand": [],
        "erased": erased,
        "provisions": [_long(one) for one in provisions],
    }
    return unpacked(orjson.dumps(plain))


def _long(short: list[Any]) -> list[Any]:
    source, exceptions, type_, *criteria = short
    full = [type_, *criteria, *[[], [], [], [], [], None, None][len(criteria) :]]
    return [*full, source, [_long(one) for one in exceptions]]
