"""Reminds officers of deadlines that have passed: each once, by one mail to each of them."""

import asyncio
from datetime import datetime, timedelta

import structlog

from services.notifier.desk import Desk
from services.notifier.measures import MESSAGES, OVERDUE
from services.notifier.messages.model import MessageState
from services.notifier.messages.telling import mails_of_overdue, mails_of_overdue_request, mails_of_overdue_review
from shared.clock import to_millisecond, utc_now
from shared.mongo import MongoError

_UNFINISHED = tuple(state for state in MessageState if state is not MessageState.SENT)
log = structlog.get_logger("serment.notifier")


async def remind_overdue(now: datetime, *, desk: Desk) -> int:
    """How many mails were written; a reminder that is there already is not written again, whoever looks and whenever."""
    written = clocks = reviews = requests = 0
    async for case in desk.cases.overdue(now):
        officers = desk.contacts.officers(case.watched_by)
        for clock in case.clocks:
            if clock.stopped_at is None and clock.overdue(now):
                clocks += 1
                written += await desk.messages.add_missing(mails_of_overdue(case, clock, officers, portal=desk.portal, now=now))
    async for review in desk.reviews.overdue(now):
        reviews += 1
        officers = desk.contacts.officers(review.watched_by)
        written += await desk.messages.add_missing(mails_of_overdue_review(review, officers, portal=desk.portal, now=now))
    async for request in desk.requests.overdue(now):
        requests += 1
        officers = desk.contacts.officers(request.watched_by)
        written += await desk.messages.add_missing(mails_of_overdue_request(request, officers, portal=desk.portal, now=now))
    OVERDUE.labels("clock").set(clocks)
    OVERDUE.labels("request").set(requests)
    OVERDUE.labels("review").set(reviews)
    return written


class Deadlines:
    """Looks at the clocks now and then; several processes at once write no reminder twice."""

    def __init__(self, desk: Desk, *, pause: timedelta) -> None:
        self._desk = desk
        self._pause = pause.total_seconds()

    async def run(self) -> None:
        """Until cancelled; a failure of MongoDB only delays."""
        while True:
            try:
                await remind_overdue(to_millisecond(utc_now()), desk=self._desk)
                for state in _UNFINISHED:
                    MESSAGES.labels(state).set(await self._desk.messages.count(state))
            except (MongoError, TimeoutError) as error:
                log.warning("deadlines.delayed", error=type(error).__name__)
            await asyncio.sleep(self._pause)
