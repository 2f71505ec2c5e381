"""The things that every story of `consent` works with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.consent.consent_store import ConsentStore
from services.consent.enforcing.fence import Fence
from services.consent.enforcing.positions import Positions
from services.consent.noting import ACCESS, access_facts
from services.consent.sealer import ConsentSealer
from shared.elapsed import Reading
from shared.errors import AnticipatedError
from shared.identity import Actor
from shared.notes import Notes
from shared.vocabulary import Action, Outcome


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, for what purpose, when."""

    actor: Actor
    purpose: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Desk:
    """Frozen; tests make one with their own things under the same names. `lease` is in seconds."""

    store: ConsentStore
    sealer: ConsentSealer
    fence: Fence
    positions: Positions
    notes: Notes
    lease: float
    clocks: Callable[[], Reading]

    async def note(self, asked: Asked, action: Action, *, patient: str | None, outcome: Outcome, status: int, **more: Any) -> str:
        """The id of the note, which is durable when this returns."""
        facts = access_facts(asked.actor, asked.purpose, action, patient=patient, outcome=outcome, status=status, **more)
        record = self.notes.draw(ACCESS, facts, now=asked.now)
        await self.notes.keep(record)
        return record.ident

    async def refuse(self, error: AnticipatedError, asked: Asked, action: Action, *, patient: str | None) -> AnticipatedError:
        """The error to raise, once its note is kept."""
        outcome = {404: Outcome.NOT_FOUND, 412: Outcome.CONFLICT, 422: Outcome.INVALID}.get(error.status, Outcome.REFUSED)
        await self.note(asked, action, patient=patient, outcome=outcome, status=error.status, reason=error.slug)
        error.noted = True
        return error
