"""What a patient's directive comes to for one ask: pure; a FHIR Consent tree evaluated in two halves, before and after opening."""

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import lru_cache

from services.records.model import Ask, LabelProvision
from shared.directive import DENY, PERMIT, Provision

CONFIDENTIALITY = "ULMNRV"
"""v3-Confidentiality from unrestricted to very restricted, a total order (THO)."""


def applicable(provisions: Iterable[Provision], ask: Ask, units: Collection[str], *, now: datetime) -> tuple[LabelProvision, ...]:
    """What is left of the provisions that speak of this actor, purpose and moment.

    A criterion matches when any of its values does, a provision when all of its criteria do (FHIR R4 Consent).
    """
    if not provisions:
        return ()
    return tuple([_narrowed(one, ask, units, now) for one in provisions if _speaks_of(one, ask, units, now)])


def _speaks_of(provision: Provision, ask: Ask, units: Collection[str], now: datetime) -> bool:
    actor = ask.actor
    return (
        (provision.begins is None or now.timestamp() >= provision.begins)
        and (provision.ends is None or now.timestamp() < provision.ends)
        and (not provision.purposes or ask.purpose in provision.purposes)
        and (not provision.sites or actor.site in provision.sites)
        and (not provision.units or actor.unit in provision.units or not provision.units.isdisjoint(units))
        and (not provision.persons or actor.ident in provision.persons or actor.practitioner in provision.persons)
    )


def _narrowed(provision: Provision, ask: Ask, units: Collection[str], now: datetime) -> LabelProvision:
    if not provision.exceptions:
        return _of_labels(provision.type, provision.labels)
    exceptions = [_narrowed(one, ask, units, now) for one in provision.exceptions if _speaks_of(one, ask, units, now)]
    return LabelProvision(provision.type, provision.labels, tuple(exceptions))


@lru_cache(maxsize=1000)
def _of_labels(type_: str, labels: frozenset[str]) -> LabelProvision:
    """What most provisions come to; few are ever named."""
    return LabelProvision(type_, labels)


def forbids_all(provision: LabelProvision) -> bool:
    """Whether nothing at all is left to be permitted, whatever its labels."""
    if provision.type != DENY or provision.labels:
        return False
    return not provision.exceptions or not any(map(_may_permit, provision.exceptions))


def _may_permit(provision: LabelProvision) -> bool:
    return provision.type == PERMIT or any(map(_may_permit, provision.exceptions))


def may_forbid(provision: LabelProvision) -> bool:
    return provision.type == DENY or (bool(provision.exceptions) and any(map(may_forbid, provision.exceptions)))


def outcome(provision: LabelProvision, labels: Collection[str]) -> str | None:
    """What a narrowed provision says of a resource with these labels: the deepest match wins, among equals a denial; None is silence."""
    if provision.labels and not _touches(provision, labels):
        return None
    said = {outcome(one, labels) for one in provision.exceptions}
    return DENY if DENY in said else PERMIT if PERMIT in said else provision.type


def _touches(provision: LabelProvision, labels: Collection[str]) -> bool:
    """A denial of R takes V with it; a permit for N reaches what is N or less and carries no sensitivity that it does not name."""
    ranks = [CONFIDENTIALITY.index(label) for label in labels if _is_rank(label)] or [CONFIDENTIALITY.index("N")]
    named = [CONFIDENTIALITY.index(label) for label in provision.labels if _is_rank(label)]
    sensitive = {label for label in labels if label in SENSITIVITIES}
    if provision.type == DENY:
        return (bool(named) and max(ranks) >= min(named)) or not provision.labels.isdisjoint(sensitive)
    return (not named or max(ranks) <= max(named)) and sensitive <= provision.labels


def _is_rank(label: str) -> bool:
    return len(label) == 1 and label in CONFIDENTIALITY


SENSITIVITIES = frozenset(
    [
        "ETH",
        "GDIS",
        "HIV",
        "MST",
        "PREGNANT",
        "SCA",
        "SDV",
        "SEX",
        "STD",
        "TBOO",
        "VIO",
        "SPI",
        "BH",
        "COGN",
        "DVD",
        "EMOTDIS",
        "MH",
        "PSY",
        "PSYTHPN",
        "SUD",
        "ETHUD",
        "OPIOIDUD",
    ]
)
"""v3-ActCode sensitivities (THO) by which a patient may speak of their records."""
