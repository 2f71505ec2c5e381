"""Opens the review of an emergency, and tells the patient and the officers: one transaction."""

import contextlib
from datetime import datetime
from typing import Any

from services.notifier.desk import Desk
from services.notifier.measures import NOBODY
from services.notifier.messages.model import Mail, SealedMessage
from services.notifier.messages.telling import mails_of_emergency, said_to_patient
from services.notifier.messages.wording import EMERGENCY_IN_YOUR_RECORD
from services.notifier.reviews.model import Review
from shared.events.records import EmergencyOpened
from shared.mongo import DuplicateKeyError
from shared.vocabulary import PatientId


async def open_review(event: EmergencyOpened, *, now: datetime, desk: Desk) -> None:
    """Replays and reorders change nothing: a grant has one review. Raises VaultUnavailableError."""
    if await desk.reviews.find(event.grant) is not None:
        return
    review = _review(event, desk)
    officers = desk.contacts.officers(review.watched_by)
    if not officers:
        NOBODY.inc()
    mails = mails_of_emergency(review, officers, portal=desk.portal, now=now)
    sealed = await desk.sealer.seal(review.grant, review.patient, review.site, EMERGENCY_IN_YOUR_RECORD, said_to_patient(review), at=now)
    messages: list[Mail | SealedMessage] = [*mails, *([sealed] if sealed else [])]

    async def work(session: Any) -> None:
        await desk.reviews.insert(review, session=session)
        await desk.messages.add(messages, session=session)

    with contextlib.suppress(DuplicateKeyError):
        await desk.mongo.transact(work)
        desk.posted()


def _review(event: EmergencyOpened, desk: Desk) -> Review:
    return Review(
        grant=event.grant,
        patient=PatientId(event.patient),
        site=event.site,
        staff=event.staff,
        unit=event.unit,
        opened_at=event.opened_at,
        ends_at=event.ends_at,
        due_at=event.review_due_at,
        watched_by=desk.contacts.watching(event.site),
    )
