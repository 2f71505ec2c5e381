"""Reads a patient's own inbox."""

import asyncio
from collections.abc import Sequence

from services.notifier.desk import Desk
from services.notifier.messages.message_sealer import Told
from services.notifier.model import Asked
from services.notifier.noting import note_answered
from services.notifier.refusals import KeysSilentError, require
from services.notifier.roles import Deed
from shared.vault import VaultUnavailableError


async def read_inbox(asked: Asked, *, desk: Desk) -> tuple[Sequence[Told], str]:
    """The newest first, with the id of the note; what was erased is left out. Raises NotYoursError or KeysSilentError."""
    if asked.actor.patient is not None:
        asked.about.patients.add(asked.actor.patient)
    require(asked, Deed.READ_INBOX)
    [patient] = asked.about.patients
    try:
        opened = await asyncio.gather(*map(desk.sealer.open, await desk.messages.inbox(patient)))
    except VaultUnavailableError:
        raise KeysSilentError from None
    told = [one for one in opened if one is not None]
    return told, await note_answered(asked, (patient,), count=len(told), desk=desk)
