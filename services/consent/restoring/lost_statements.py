"""What a restored store must write to hold the statements that a newer directive was compiled from: pure, `compiling.py` backwards."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from services.consent.model import Consent, ConsentState, Kind, Words
from shared.directive import PERMIT, Directive, Provision

BROUGHT_BACK = "consent"
"""Stands where the person stood: who gave or ended a statement was in the part of the store that was lost."""


def lost_statements(directive: Directive, known: Iterable[Consent], *, published_at: datetime) -> Iterator[Consent]:
    """Those that the store never held, as given, and those that were taken back since the backup, as ended, when they were published."""
    held = {one.ident: one for one in known}
    told = {one.source.partition("/")[0]: one for one in directive.provisions}
    for ident, provision in told.items():
        if ident not in held:
            kind = Kind.CONSENT if provision.type == PERMIT else Kind.OBJECTION
            yield Consent(ident, directive.patient, kind, _words(provision), 1, ConsentState.ACTIVE, published_at, BROUGHT_BACK)
    for ident, one in held.items():
        if one.state is ConsentState.ACTIVE and ident not in told:
            yield replace(one, version=2, state=ConsentState.INACTIVE, ended_at=published_at, ended_by=BROUGHT_BACK)


def _words(provision: Provision) -> Words:
    return Words(
        provision.units,
        provision.persons,
        provision.sites,
        provision.purposes,
        provision.labels,
        _moment(provision.begins),
        _moment(provision.ends),
        tuple(map(_words, provision.exceptions)),
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, tz=UTC)
