"""Notes the refusals that come before any decision, where somebody known addressed a patient."""

import re
from datetime import datetime
from typing import Any

from services.records.desk import Desk
from services.records.noting import ACCESS, actor_facts
from shared.errors import AnticipatedError
from shared.identity import PurposeNotHeldError, TokenIncompleteError
from shared.vocabulary import Action, Outcome

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch


async def note_incomplete(
    error: TokenIncompleteError | PurposeNotHeldError, type_: str, ident: str, *, now: datetime, desk: Desk, action: Action = Action.READ
) -> None:
    """A genuine token that does not say enough; the owner is looked up so that the note stands in the right chart."""
    record = await desk.store.find(f"{type_}/{ident}") if _ID(ident) else None
    facts: dict[str, Any] = {
        "actor": actor_facts(error.actor) if isinstance(error, PurposeNotHeldError) else {"id": error.subject},
        "action": action,
        "resourceType": type_,
        "resource": f"{type_}/{ident}" if _ID(ident) else None,
        "patient": None if record is None else record.patient,
        "outcome": Outcome.REFUSED,
        "status": error.status,
        "reason": error.slug,
    }
    record_ = desk.notes.draw(ACCESS, facts, now=now)
    await desk.notes.keep(record_)


def is_ours(ident: str) -> bool:
    """Whether this server can have given that id; others are never repeated."""
    return _ID(ident) is not None


def noted_outcome(error: AnticipatedError) -> Outcome:
    return {404: Outcome.NOT_FOUND, 410: Outcome.GONE, 409: Outcome.CONFLICT, 412: Outcome.CONFLICT, 403: Outcome.REFUSED}.get(
        error.status, Outcome.INVALID
    )
