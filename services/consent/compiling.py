"""Compiles all that a patient has said into the one directive that the replicas decide by: pure."""

from collections.abc import Iterable
from datetime import datetime

from services.consent.model import Consent, ConsentState, Kind, Words
from shared.directive import DENY, PERMIT, Directive, Provision
from shared.vocabulary import PatientId

_OTHER = {DENY: PERMIT, PERMIT: DENY}


def compile_directive(patient: PatientId, consents: Iterable[Consent], *, erased: Iterable[str], number: int, epoch: int) -> Directive:
    """Withdrawn statements have no provision; an erasure stands beside them for ever."""
    active = sorted((one for one in consents if one.state is ConsentState.ACTIVE), key=lambda one: one.ident)
    provisions = tuple(_provision(one.words, PERMIT if one.kind is Kind.CONSENT else DENY, f"{one.ident}/{one.version}") for one in active)
    return Directive(patient, number, epoch, provisions, frozenset(erased))


def _provision(words: Words, type_: str, source: str) -> Provision:
    return Provision(
        type_,
        words.units,
        words.persons,
        words.sites,
        words.purposes,
        words.labels,
        _seconds(words.begins),
        _seconds(words.ends),
        source,
        tuple(_provision(one, _OTHER[type_], source) for one in words.exceptions),
    )


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
