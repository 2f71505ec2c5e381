"""Tells an officer what waits for them, without naming a patient."""

from services.notifier.desk import Desk
from services.notifier.due_things import Waiting
from services.notifier.model import Asked
from services.notifier.noting import note_answered
from services.notifier.refusals import require
from services.notifier.roles import Deed


async def list_due(asked: Asked, *, desk: Desk) -> tuple[Waiting, str]:
    """With the id of the note. Raises NotYoursError."""
    require(asked, Deed.WATCH)
    waiting = await desk.due.of(asked.actor.site)
    return waiting, await note_answered(asked, (), count=sum(waiting.counts.values()), desk=desk)
