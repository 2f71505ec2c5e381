"""Words a note about an access: ids and facts only, none naming another patient."""

from collections.abc import Mapping
from typing import Any

from services.records.decision import Permit, Refusal
from services.records.model import Ask, Grounds
from shared.notes import actor_facts
from shared.vocabulary import Outcome

ACCESS = "org.serment.records.access.v1"
EMERGENCY_ENDED = "org.serment.records.emergency-ended.v1"
_FLAGGED = {"colleague": frozenset({"EMP"}), "vip": frozenset({"VIP", "CEL"}), "deceased": frozenset({"deceased"})}
"""Flags of the chart header by the fact that a note makes of them."""


def access_facts(ask: Ask, *, outcome: Outcome, status: int, verdict: Permit | Refusal | None = None, **more: Any) -> dict[str, Any]:
    """`more` holds what only some accesses have: `resource`, `version`, `count`, `writes`, `reason`, `labels`."""
    facts: dict[str, Any] = {
        "actor": actor_facts(ask.actor),
        "purpose": ask.purpose,
        "action": ask.action,
        "resourceType": ask.type,
        "patient": ask.patient,
        "outcome": outcome,
        "status": status,
    }
    if verdict is not None:
        facts |= {"relationship": verdict.grounds.relationship, "revisions": verdict.grounds.revisions}
        if ask.patient is not None and (verdict.grounds.flags or verdict.grounds.emergency):
            facts |= _derived(verdict.grounds)
    if isinstance(verdict, Refusal):
        facts["reason"] = verdict.reason
    return facts | more


def _derived(grounds: Grounds) -> dict[str, Any]:
    """What nobody downstream could know without demographics; each is there only when it is so."""
    derived: dict[str, Any] = {name: True for name, flags in _FLAGGED.items() if not flags.isdisjoint(grounds.flags)}
    return derived if grounds.emergency is None else derived | {"emergency": grounds.emergency}


def label_class(labels: tuple[str, ...]) -> str:
    """The strongest confidentiality among the labels, N when there is none."""
    return max((label for label in labels if label in tuple("ULMNRV")), key="ULMNRV".index, default="N")


def failed(facts: Mapping[str, Any], *, outcome: Outcome, status: int, reason: str) -> dict[str, Any]:
    """The same access, told as one that came to nothing."""
    return {name: value for name, value in facts.items() if name != "writes"} | {"outcome": outcome, "status": status, "reason": reason}
