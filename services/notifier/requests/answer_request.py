"""An officer's word about a request: more time, once and with the reason, or the answer, which is final."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.notifier.cases.clocks import started
from services.notifier.cases.model import Case, CaseKind, CaseState, Step
from services.notifier.cases.open_case import Filing, file_case, put_opened
from services.notifier.cases.opening import case_ident
from services.notifier.desk import Desk
from services.notifier.messages.telling import said_about_request
from services.notifier.messages.wording import REQUEST_ANSWERED, REQUEST_EXTENDED
from services.notifier.model import Asked
from services.notifier.noting import access_facts
from services.notifier.refusals import CannotExtendError, ReasonNotListedError, RequestMovedOnError
from services.notifier.requests.deadlines import extended
from services.notifier.requests.model import OUTCOMES, Outcome, PatientRequest, RequestState, Said
from services.notifier.requests.read_requests import Opened, fetch_request
from services.notifier.roles import Deed
from services.notifier.undertaking import Undertaking, undertake
from shared.events.topics import RECORDS_ACCESS
from shared.vocabulary import Outcome as Noted

QUESTIONED = "patient-question"


@dataclass(frozen=True, slots=True)
class Word:
    """`version` is the one the officer has read."""

    version: int | None
    words: str = field(repr=False)
    outcome: str = ""


async def answer_request(asked: Asked, ident: str, word: Word, *, desk: Desk) -> tuple[Opened, str]:
    """`case-opened` opens a case about that patient in the same transaction.

    Raises NotYoursError, UnknownReferenceError, ReasonNotListedError, RequestMovedOnError, RecordErasedError or KeysSilentError.
    """
    request, said = await _open(asked, ident, word, desk)
    if word.outcome not in OUTCOMES[request.kind]:
        raise ReasonNotListedError("outcome", frozenset(map(str, OUTCOMES[request.kind])))
    filing = file_case(_case(request, asked.now, desk), now=asked.now, desk=desk) if word.outcome == Outcome.CASE_OPENED else None
    after = replace(
        request,
        version=request.version + 1,
        state=RequestState.ANSWERED,
        outcome=Outcome(word.outcome),
        answered_by=asked.actor.ident,
        answered_at=asked.now,
        case=filing.case.ident if filing else None,
    )
    return await _change(asked, after, replace(said, answer=word.words), desk, template=REQUEST_ANSWERED, filing=filing)


async def extend_request(asked: Asked, ident: str, word: Word, *, desk: Desk) -> tuple[Opened, str]:
    """Told to the patient with its reason, within the first month (GDPR Article 12(3)). Raises CannotExtendError, and as an answer does."""
    request, said = await _open(asked, ident, word, desk)
    rule = desk.request_rules[request.kind]
    if not rule.extension_months or request.extended_at is not None or request.overdue(asked.now):
        raise CannotExtendError
    due_at = extended(rule, request.due_at)
    after = replace(request, version=request.version + 1, due_at=due_at, extended_at=asked.now)
    return await _change(asked, after, replace(said, extension=word.words), desk, template=REQUEST_EXTENDED)


async def _open(asked: Asked, ident: str, word: Word, desk: Desk) -> tuple[PatientRequest, Said]:
    request = await fetch_request(asked, ident, Deed.DECIDE, desk=desk)
    if request.state is not RequestState.OPEN or request.version != word.version:
        raise RequestMovedOnError
    return request, await desk.request_sealer.open(request) or Said("")


async def _change(
    asked: Asked, after: PatientRequest, said: Said, desk: Desk, *, template: str, filing: Filing | None = None
) -> tuple[Opened, str]:
    """The request, the patient's message, a case if there is one, and the note: one transaction."""
    patient, site, now = after.patient, after.site, asked.now
    after = replace(after, sealed=await desk.request_sealer.seal(said, patient, site, after.ident, after.version))
    message = await desk.sealer.seal(f"{after.ident}/{after.version}", patient, site, template, said_about_request(after), at=now)

    async def work(session: Any, note: str) -> None:
        if not await desk.requests.replace(replace(after, note=note), session=session):
            raise RequestMovedOnError
        await desk.messages.add([message] if message else [], session=session)
        if filing:
            await put_opened(filing, now=now, session=session, desk=desk)
            await desk.affected.settle(filing.case.ident, [patient], session=session)

    async def committed(note: str) -> bool:
        return await desk.requests.told_by(after.ident, note)

    facts = access_facts(asked, patient, outcome=Noted.ANSWERED, status=200, step=after.outcome or "extended")
    note = await undertake(Undertaking(facts, work, committed), now=now, desk=desk)
    return (replace(after, note=note), said), note


def _case(request: PatientRequest, now: datetime, desk: Desk) -> Case:
    """Suspected, as any other; its one patient is known already."""
    suspicion = f"{QUESTIONED}/{request.ident}"
    return Case(
        ident=case_ident(suspicion),
        suspicion=suspicion,
        rule=QUESTIONED,
        kind=CaseKind.QUESTION,
        log=RECORDS_ACCESS.name,
        first=request.asked_at,
        last=request.asked_at,
        steps=(Step(CaseState.SUSPECTED, now),),
        clocks=started(desk.clock_rules, CaseState.SUSPECTED, now),
        site=request.site,
        watched_by=request.watched_by,
        evidence={"request": request.ident},
    )
