"""Reads the reviews that an officer's site watches over; each names its patient, so each patient has a note."""

from collections.abc import Sequence

from services.notifier.desk import Desk
from services.notifier.model import Asked, Thing
from services.notifier.noting import note_answered
from services.notifier.refusals import UnknownReferenceError, require
from services.notifier.reviews.model import Review, ReviewState
from services.notifier.roles import Deed


async def fetch_review(asked: Asked, grant: str, deed: Deed, *, desk: Desk) -> Review:
    """Whoever may not watch learns nothing by an id. Raises NotYoursError or UnknownReferenceError."""
    review = await desk.reviews.find(grant)
    if review is not None:
        asked.about.resource = f"{Thing.REVIEW}/{review.grant}"
        asked.about.patients.add(review.patient)
    require(asked, deed, watched_by=review.watched_by if review else None)
    if review is None:
        raise UnknownReferenceError
    return review


async def read_review(asked: Asked, grant: str, *, desk: Desk) -> tuple[Review, str]:
    """With the id of the note. Raises NotYoursError or UnknownReferenceError."""
    review = await fetch_review(asked, grant, Deed.WATCH, desk=desk)
    return review, await note_answered(asked, (review.patient,), desk=desk)


async def list_reviews(asked: Asked, *, state: str | None, after: str | None, desk: Desk) -> tuple[Sequence[Review], str]:
    """The open ones unless another state is asked for, the first due first. Raises NotYoursError."""
    require(asked, Deed.WATCH)
    wanted = ReviewState.OPEN if state is None else ReviewState(state) if state in set(ReviewState) else None
    reviews = [] if wanted is None else await desk.reviews.page(asked.actor.site, state=wanted, after=after)
    return reviews, await note_answered(asked, [review.patient for review in reviews], count=len(reviews), desk=desk)
