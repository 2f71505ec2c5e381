"""All directives in memory, a few hundred bytes each: a patient's newest words as compact JSON, read when they are needed."""

from functools import lru_cache
from typing import Any

import orjson

from shared.directive import DENY, PERMIT, Directive, Provision, plain_provision
from shared.vocabulary import PatientId

_READ_AT_ONCE = 20_000
_EMPTY: tuple[Any, ...] = ((), (), (), (), (), None, None)
"""What a provision's criteria are when nothing was said."""


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
        return None if held is None else _read(held, PatientId(patient), epoch)


def key_of(patient: str) -> bytes:
    """A name that is no UUID is its own key: whatever the owner of the topic wrote is held, not passed over."""
    try:
        return bytes.fromhex(patient.replace("-", ""))
    except ValueError:
        return patient.encode()


def compact(directive: Directive) -> bytes:
    """Without what the key or the epoch of the table says already; copied, for orjson's own bytes keep a page of memory each from reuse."""
    short = [_short(one) for one in directive.provisions]
    return bytes(memoryview(orjson.dumps([directive.number, sorted(directive.erased), *short])))


def _short(provision: Provision) -> list[Any]:
    """Without its empty end: most provisions name one unit and nothing else."""
    type_, *criteria, source, exceptions = plain_provision(provision)
    while criteria and criteria[-1] in ([], None):
        criteria.pop()
    return [int(type_ == DENY), source, [_short(one) for one in provision.exceptions] if exceptions else 0, *criteria]


def _number(held: bytes) -> int:
    return int(held[1 : held.index(b",")])


@lru_cache(maxsize=_READ_AT_ONCE)
def _read(held: bytes, patient: PatientId, epoch: int) -> Directive:
    number, erased, *provisions = orjson.loads(held)
    return Directive(patient, number, epoch, tuple(map(_long, provisions)), frozenset(erased))


def _long(short: list[Any]) -> Provision:
    """Nothing is checked again: `compact` wrote it from what was."""
    denies, source, exceptions, *criteria = short
    units, persons, sites, purposes, labels, begins, ends = (*criteria, *_EMPTY[len(criteria) :])
    return Provision(
        DENY if denies else PERMIT,
        frozenset(units),
        frozenset(persons),
        frozenset(sites),
        frozenset(purposes),
        frozenset(labels),
        begins,
        ends,
        source,
        tuple(map(_long, exceptions)) if exceptions else (),
    )
