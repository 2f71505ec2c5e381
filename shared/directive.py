"""What a patient's consents come to for those who decide: one directive per patient, in the form in which it travels and is held."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from shared.vocabulary import PatientId

UNDERSTOOD: frozenset[str] = frozenset({"labels", "period"})
"""Features that this code knows; a directive that needs another one blocks its patient."""

DENY, PERMIT = "deny", "permit"
_SELECTORS = ("units", "persons", "sites", "purposes", "labels")


class UnreadableDirectiveError(Exception):
    """Not a directive, or one that needs a feature unknown here. `patient` and `number` say as much as could be read."""

    def __init__(self, patient: PatientId | None, number: int | None) -> None:
        super().__init__("a directive cannot be applied")
        self.patient = patient
        self.number = number


@dataclass(frozen=True, slots=True)
class Provision:
    """A FHIR Consent provision: it matches when every named criterion does; its exceptions have the last word where they match.

    An empty criterion matches everything. `begins` and `ends` are seconds since 1970, half-open, None when open. `source` is the
    consent's id and version.
    """

    type: str
    units: frozenset[str] = frozenset()
    persons: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    begins: float | None = None
    ends: float | None = None
    source: str = ""
    exceptions: tuple["Provision", ...] = ()


class Directive(NamedTuple):
    """All that is in force for one patient under one number of the group's sequence; `erased` names sites, for ever.

    A tuple, for one is made at each look: it takes half the time of a frozen dataclass.
    """

    patient: PatientId
    number: int
    epoch: int
    provisions: tuple[Provision, ...] = ()
    erased: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Directive(number={self.number}, epoch={self.epoch})"


def packed(directive: Directive) -> bytes:
    """The bytes that are stored, published and sent with a lease."""
    needs = sorted(set().union(*map(_needed, directive.provisions)))
    return orjson.dumps(
        {
            "patient": directive.patient,
            "number": directive.number,
            "epoch": directive.epoch,
            "mustUnderstand": needs,
            "erased": sorted(directive.erased),
            "provisions": list(map(plain_provision, directive.provisions)),
        }
    )


def unpacked(value: bytes | None, *, sourced: bool = True) -> Directive:
    """Raises UnreadableDirectiveError for everything that is not wholly understood: nothing is passed over.

    Not `sourced`, patients who say the same share what they say: no decision depends on the statement that a provision came from.
    """
    patient = number = None
    try:
        found = orjson.loads(value or b"")
        patient, number = PatientId(_text(found["patient"])), _whole(found["number"])
        _require_understood(found["mustUnderstand"])
        plain = _listed(found["provisions"])
        provisions = tuple(map(read_provision, plain)) if sourced else _shared(orjson.dumps(list(map(_unsourced, plain))))
        return Directive(patient, number, _whole(found["epoch"]), provisions, _names(found["erased"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableDirectiveError(patient, number) from error


def _require_understood(features: Any) -> None:
    if not UNDERSTOOD.issuperset(_names(features)):
        raise ValueError("a feature is not known here")


def _needed(provision: Provision) -> set[str]:
    own = {"labels"} if provision.labels else set()
    own |= {"period"} if provision.begins is not None or provision.ends is not None else set()
    return own.union(*map(_needed, provision.exceptions))


def plain_provision(provision: Provision) -> list[Any]:
    """As it stands in the bytes."""
    selectors = [sorted(getattr(provision, name)) for name in _SELECTORS]
    return [
        provision.type,
        *selectors,
        provision.begins,
        provision.ends,
        provision.source,
        list(map(plain_provision, provision.exceptions)),
    ]


def read_provision(plain: Any) -> Provision:
    """Raises ValueError or TypeError for what is not one."""
    type_, units, persons, sites, purposes, labels, begins, ends, source, exceptions = _listed(plain)
    if type_ not in {DENY, PERMIT}:
        raise ValueError("neither deny nor permit")
    return Provision(
        type_,
        _names(units),
        _names(persons),
        _names(sites),
        _names(purposes),
        _names(labels),
        _moment(begins),
        _moment(ends),
        _text(source),
        tuple(map(read_provision, _listed(exceptions))),
    )


def _unsourced(plain: Any) -> list[Any]:
    *criteria, source, exceptions = _listed(plain)
    _text(source)
    return [*criteria, "", list(map(_unsourced, _listed(exceptions)))]


@lru_cache(maxsize=10_000)
def _shared(plain: bytes) -> tuple[Provision, ...]:
    return tuple(map(read_provision, orjson.loads(plain)))


def _names(plain: Any) -> frozenset[str]:
    return frozenset(map(_text, _listed(plain)))


def _listed(plain: Any) -> Sequence[Any]:
    if not isinstance(plain, list):
        raise TypeError("not a list")
    return plain


def _text(plain: Any) -> str:
    if not isinstance(plain, str):
        raise TypeError("not a text")
    return plain


def _whole(plain: Any) -> int:
    if type(plain) is not int:
        raise TypeError("not a whole number")
    return plain


def _moment(plain: Any) -> float | None:
    if plain is None or (isinstance(plain, float | int) and not isinstance(plain, bool)):
        return plain
    raise TypeError("not a moment")
