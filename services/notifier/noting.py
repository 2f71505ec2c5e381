"""Keeps a note of everything that is answered here: one per patient disclosed or refused, one for the request if none or several."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from services.notifier.desk import Desk
from services.notifier.model import About, Asked
from shared.errors import AnticipatedError
from shared.identity import Actor, PurposeNotHeldError, TokenIncompleteError
from shared.vocabulary import Outcome, PatientId

ACCESS = "org.serment.notifier.access.v1"
_MOST_PATIENTS = 100
_FIRST_OF_OURS = 500


def actor_facts(actor: Actor) -> dict[str, Any]:
    """Who, as a note says it: ids, never a name."""
    return {
        "id": actor.ident,
        "profession": actor.profession,
        "site": actor.site,
        "unit": actor.unit,
        "strength": actor.strength,
        "token": actor.token,
    }


def access_facts(asked: Asked, patient: PatientId | None, *, outcome: Outcome, status: int, **more: Any) -> dict[str, Any]:
    """`more` holds what only some have: `count`, `step`, `reason`."""
    return {
        "actor": actor_facts(asked.actor),
        "purpose": asked.purpose,
        "action": asked.about.action,
        "resourceType": asked.about.thing,
        "resource": asked.about.resource,
        "patient": patient,
        "outcome": outcome,
        "status": status,
        **more,
    }


async def note_answered(asked: Asked, patients: Sequence[PatientId], *, desk: Desk, status: int = 200, **more: Any) -> str:
    """The id of the request's own note, which is its decision id; all are durable when this returns. Raises NoteNotKeptError."""
    return await _keep(
        [access_facts(asked, patient, outcome=Outcome.ANSWERED, status=status, **more) for patient in _told(patients)], asked, desk
    )


def _told(patients: Iterable[PatientId]) -> list[PatientId | None]:
    each = list(dict.fromkeys(patients))
    return [each[0]] if len(each) == 1 else [*each, None]


async def _keep(facts: Sequence[Mapping[str, Any]], asked: Asked, desk: Desk) -> str:
    notes = [desk.notes.draw(ACCESS, one, now=asked.now) for one in facts]
    await asyncio.gather(*map(desk.notes.keep, notes))
    return notes[-1].ident


@asynccontextmanager
async def noting_failures(asked: Asked, *, desk: Desk) -> AsyncIterator[None]:
    """Whatever is refused or comes to nothing is noted before it is answered, for each patient it addressed; 5xx are not answers."""
    try:
        yield
    except AnticipatedError as error:
        if not error.noted and error.status < _FIRST_OF_OURS:
            patients = sorted(asked.about.patients)[:_MOST_PATIENTS]
            await _keep(
                [failed_facts(access_facts(asked, one, outcome=Outcome.INVALID, status=0), error) for one in _told(patients)], asked, desk
            )
            error.noted = True
        raise


def failed_facts(facts: Mapping[str, Any], error: AnticipatedError) -> dict[str, Any]:
    """The same access, told as one that came to nothing."""
    reason = getattr(error, "reason", error.slug)
    return {**facts, "outcome": noted_outcome(error.status), "status": error.status, "reason": reason}


def noted_outcome(status: int) -> Outcome:
    known = {403: Outcome.REFUSED, 404: Outcome.NOT_FOUND, 409: Outcome.CONFLICT, 412: Outcome.CONFLICT, 503: Outcome.UNREADABLE}
    return known.get(status, Outcome.INVALID)


async def note_incomplete(error: TokenIncompleteError | PurposeNotHeldError, about: About, *, desk: Desk, now: Any) -> None:
    """A genuine token that does not say enough to be decided about."""
    facts = {
        "actor": actor_facts(error.actor) if isinstance(error, PurposeNotHeldError) else {"id": error.subject},
        "action": about.action,
        "resourceType": about.thing,
        "patient": None,
        "outcome": Outcome.REFUSED,
        "status": error.status,
        "reason": error.slug,
    }
    await desk.notes.keep(desk.notes.draw(ACCESS, facts, now=now))
