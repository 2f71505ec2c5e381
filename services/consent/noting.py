"""Words a note about a patient's statements: ids and facts only."""

from typing import Any

from services.consent.model import Consent
from services.consent.words import plain_words
from shared.identity import Actor
from shared.notes import actor_facts
from shared.vocabulary import Action, Outcome

ACCESS = "org.serment.consent.access.v1"


def access_facts(
    actor: Actor, purpose: str, action: Action, *, patient: str | None, outcome: Outcome, status: int, **more: Any
) -> dict[str, Any]:
    """`more` holds what only some accesses have: `resource`, `version`, `number`, `kind`, `words`, `count`, `reason`, `step`."""
    facts = {"actor": actor_facts(actor), "purpose": purpose, "action": action, "resourceType": "Consent", "patient": patient}
    return facts | {"outcome": outcome, "status": status} | more


def statement_facts(consent: Consent) -> dict[str, Any]:
    return {
        "resource": f"Consent/{consent.ident}",
        "version": consent.version,
        "kind": consent.kind,
        "state": consent.state,
        "words": plain_words(consent.words),
    }
