"""Reads cases: the list, one with everything known about it, and whose records it is about; each reading noted."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.notifier.cases.affected import Affected
from services.notifier.cases.model import Case, CaseState
from services.notifier.desk import Desk
from services.notifier.model import Asked, Thing
from services.notifier.noting import note_answered
from services.notifier.refusals import UnknownReferenceError, require
from services.notifier.roles import Deed
from shared.vocabulary import PatientId


@dataclass(frozen=True, slots=True)
class ReadCase:
    case: Case
    affected: Affected | None
    note: str


async def fetch_case(asked: Asked, ident: str, deed: Deed, *, desk: Desk) -> Case:
    """Whoever may not watch learns nothing by an id. Raises NotYoursError or UnknownReferenceError."""
    case = await desk.cases.find(ident)
    if case is not None:
        asked.about.resource = f"{Thing.CASE}/{case.ident}"
    require(asked, deed, watched_by=case.watched_by if case else None)
    if case is None:
        raise UnknownReferenceError
    return case


async def list_cases(asked: Asked, *, state: str | None, after: str | None, desk: Desk) -> tuple[Sequence[Case], str]:
    """A page of what the officer's site watches over; a state that there is none of lists nothing. Raises NotYoursError."""
    require(asked, Deed.WATCH)
    known = state is None or state in set(CaseState)
    cases = await desk.cases.page(asked.actor.site, state=CaseState(state) if state else None, after=after) if known else []
    return cases, await note_answered(asked, (), count=len(cases), desk=desk)


async def read_case(asked: Asked, ident: str, *, desk: Desk) -> ReadCase:
    """How many patients it affects, and not whom. Raises NotYoursError or UnknownReferenceError."""
    case = await fetch_case(asked, ident, Deed.WATCH, desk=desk)
    affected = await desk.affected.of(case.ident)
    return ReadCase(case, affected, await note_answered(asked, (), desk=desk))


async def read_affected(asked: Asked, ident: str, *, after: str | None, desk: Desk) -> tuple[Affected | None, Sequence[PatientId], str]:
    """(All that is known, the page, the note's id): a note per patient named. Raises NotYoursError or UnknownReferenceError."""
    affected = await desk.affected.of(ident)
    page = affected.page(after) if affected else ()
    asked.about.patients.update(page)
    await fetch_case(asked, ident, Deed.WATCH, desk=desk)
    return affected, page, await note_answered(asked, page, count=len(page), desk=desk)
