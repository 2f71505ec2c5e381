"""Makes a change and its note stand or fall together, whatever becomes of the transaction or of this process."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notifier.desk import Desk
from services.notifier.noting import ACCESS, failed_facts
from shared.errors import AnticipatedError
from shared.events import EventRecord
from shared.mongo import MongoError, StoreUnreachableError


@dataclass(frozen=True, slots=True)
class Undertaking:
    """`work` runs in the transaction, maybe more than once; `committed` reads back whether the note's change was made."""

    facts: Mapping[str, Any]
    work: Callable[[Any, str], Awaitable[None]]
    committed: Callable[[str], Awaitable[bool]]


async def undertake(what: Undertaking, *, now: datetime, desk: Desk) -> str:
    """The id of the note. An expected error of `work` is noted under the same number, and raised. Raises StoreUnreachableError, too."""
    note = desk.notes.draw(ACCESS, what.facts, now=now)
    try:
        await desk.mongo.transact(lambda session: _with_note(what, note, session, now, desk))
    except AnticipatedError as error:
        await desk.notes.keep(desk.notes.redraw(note, failed_facts(what.facts, error), now=now))
        error.noted = True
        raise
    except BaseException as error:
        _settle_later(what, note, now, desk)
        if isinstance(error, MongoError):
            raise StoreUnreachableError from error
        raise
    desk.notes.landed(note)
    desk.posted()
    return note.ident


async def _with_note(what: Undertaking, note: EventRecord, session: Any, now: datetime, desk: Desk) -> None:
    await what.work(session, note.ident)
    await desk.notes.outbox.add([note], now=now, incarnation=desk.notes.incarnation, session=session)


def _settle_later(what: Undertaking, note: EventRecord, now: datetime, desk: Desk) -> None:
    """An end that nobody told is read back once the server can know it."""
    otherwise = desk.notes.redraw(note, failed_facts(what.facts, StoreUnreachableError()), now=now)
    desk.notes.settle_later([(note, otherwise)], lambda: what.committed(note.ident))
