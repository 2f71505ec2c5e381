"""Says who asks the ledger about whom, and keeps a note of what they were told, or of why not, before it is answered."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.identity import Actor, PurposeNotHeldError, TokenIncompleteError
from shared.notes import Notes, actor_facts
from shared.vocabulary import Action, Outcome, is_ours

ACCESS = "org.serment.audit.access.v1"
_WHAT = {"action": Action.SEARCH, "resourceType": "AuditEvent"}


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks about whom; `patient` is None when the address holds no id of ours, which is then repeated nowhere."""

    actor: Actor
    purpose: str
    patient: str | None
    now: datetime


def asked_for(actor: Actor, purpose: str, patient: str, *, now: datetime) -> Asked:
    return Asked(actor, purpose, _ours(patient), now)


def _ours(patient: str) -> str | None:
    return patient if is_ours(patient) else None


async def note_reading(asked: Asked, patients: Iterable[str | None], *, notes: Notes, outcome: Outcome, status: int, **more: Any) -> str:
    """One note per patient told of, one for the request when that is none or several; the id of the last.

    All are durable when this returns. Raises NoteNotKeptError.
    """
    each = sorted({patient for patient in patients if patient is not None})
    facts = {"actor": actor_facts(asked.actor), "purpose": asked.purpose, "outcome": outcome, "status": status, **more}
    drawn = [notes.draw(ACCESS, _WHAT | facts | {"patient": one}, now=asked.now) for one in (each if len(each) == 1 else [*each, None])]
    await asyncio.gather(*map(notes.keep, drawn))
    return drawn[-1].ident


async def note_incomplete(error: TokenIncompleteError | PurposeNotHeldError, patient: str, *, now: datetime, notes: Notes) -> None:
    """A genuine token that does not say enough to be decided about."""
    actor: Mapping[str, Any] = actor_facts(error.actor) if isinstance(error, PurposeNotHeldError) else {"id": error.subject}
    facts = {"actor": actor, "patient": _ours(patient), "outcome": Outcome.REFUSED, "status": error.status, "reason": error.slug}
    await notes.keep(notes.draw(ACCESS, _WHAT | facts, now=now))
    error.noted = True
