"""Opens a case for a suspicion: the case, its event and the mails about it are one transaction."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notifier.cases.model import Case
from services.notifier.cases.opening import becomes_case, case_of, site_of
from services.notifier.desk import Desk
from services.notifier.measures import CASES, NOBODY
from services.notifier.messages.model import Mail
from services.notifier.messages.telling import mails_of_step
from shared.events import EventRecord
from shared.events.audit import SuspicionRaised
from shared.events.notifier import CaseChanged
from shared.mongo import DuplicateKeyError

SOURCE = "/notifier"


@dataclass(frozen=True, slots=True)
class Filing:
    """A case as it is now, with what its latest step is told by; drawn once, put as often as the transaction runs."""

    case: Case
    event: EventRecord
    mails: Sequence[Mail]


async def open_case(event: SuspicionRaised, *, now: datetime, desk: Desk) -> None:
    """Replays and reorders change nothing: the case's id follows from the suspicion's."""
    if not becomes_case(event.rule):
        await desk.cases.record(event)
        return
    watched_by = desk.contacts.watching(site_of(event))
    filing = file_case(case_of(event, watched_by=watched_by, rules=desk.clock_rules, now=now), now=now, desk=desk)
    with contextlib.suppress(DuplicateKeyError):
        await desk.mongo.transact(lambda session: put_opened(filing, now=now, session=session, desk=desk))
        CASES.labels(event.rule).inc()
        desk.posted()


async def put_opened(filing: Filing, *, now: datetime, session: Any, desk: Desk) -> None:
    """Raises DuplicateKeyError for a case that is open already."""
    await desk.cases.insert(filing.case, session=session)
    await put_told(filing, now=now, session=session, desk=desk)


async def put_told(filing: Filing, *, now: datetime, session: Any, desk: Desk) -> None:
    await desk.messages.add(filing.mails, session=session)
    await desk.notes.outbox.add([filing.event], now=now, session=session)


def file_case(case: Case, *, now: datetime, desk: Desk) -> Filing:
    officers = desk.contacts.officers(case.watched_by)
    if not officers:
        NOBODY.inc()
    event = CaseChanged(
        case=case.ident,
        suspicion=case.suspicion,
        rule=case.rule,
        state=case.state,
        actor=case.actor,
        log=case.log,
        first=case.first,
        last=case.last,
        at=case.steps[-1].at,
    )
    return Filing(case, event.to_record(source=SOURCE, now=now), mails_of_step(case, officers, portal=desk.portal))
