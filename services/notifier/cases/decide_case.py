"""Moves a case on by an officer's word: confirmed, dismissed or closed, with its note, its event and its mails in one transaction."""

from typing import Any

from services.notifier.cases.lifecycle import REASONS, Decision, Move, is_repeat, may_move, moved
from services.notifier.cases.model import Case
from services.notifier.cases.open_case import file_case, put_told
from services.notifier.cases.read_cases import fetch_case
from services.notifier.desk import Desk
from services.notifier.model import Asked
from services.notifier.noting import access_facts, note_answered
from services.notifier.refusals import CaseMovedOnError, ReasonNotListedError, VersionRequiredError, WrongStateError
from services.notifier.roles import Deed
from services.notifier.undertaking import Undertaking, undertake
from shared.vocabulary import Outcome


async def decide_case(asked: Asked, ident: str, move: Move, *, reason: str | None, version: int | None, desk: Desk) -> tuple[Case, str]:
    """The case as it stands then, and the id of the note. Saying the same again changes nothing.

    Raises NotYoursError, UnknownReferenceError, ReasonNotListedError, VersionRequiredError, CaseMovedOnError, WrongStateError or
    StoreUnreachableError.
    """
    case = await fetch_case(asked, ident, Deed.DECIDE, desk=desk)
    decision = _decision(asked, move, reason, version)
    if is_repeat(case, decision):
        return case, await note_answered(asked, (), step=move, repeated=True, desk=desk)
    if decision.version != case.version:
        raise CaseMovedOnError
    if not may_move(case, decision):
        raise WrongStateError
    return await _move_on(asked, case, decision, desk)


def _decision(asked: Asked, move: Move, reason: str | None, version: int | None) -> Decision:
    if reason not in REASONS[move]:
        raise ReasonNotListedError("reason", REASONS[move])
    if version is None:
        raise VersionRequiredError
    return Decision(move, reason, asked.actor.ident, version)


async def _move_on(asked: Asked, case: Case, decision: Decision, desk: Desk) -> tuple[Case, str]:
    now = asked.now
    filing = file_case(moved(case, decision, note="", now=now, rules=desk.clock_rules), now=now, desk=desk)

    async def work(session: Any, note: str) -> None:
        after = moved(case, decision, note=note, now=now, rules=desk.clock_rules)
        if not await desk.cases.replace(after, before=case.version, session=session):
            raise CaseMovedOnError
        await put_told(filing, now=now, session=session, desk=desk)

    async def committed(note: str) -> bool:
        return await desk.cases.told_by(case.ident, note)

    facts = access_facts(asked, None, outcome=Outcome.ANSWERED, status=200, step=decision.move, grounds=decision.reason)
    note = await undertake(Undertaking(facts, work, committed), now=now, desk=desk)
    return moved(case, decision, note=note, now=now, rules=desk.clock_rules), note
