"""Finds out who asks for what, before any route of `notifier` does its work."""

from typing import Annotated

from fastapi import Depends, Header, Request

from services.notifier.model import About, Asked, Thing
from services.notifier.noting import note_incomplete
from services.notifier.resources import NotifierResources
from shared.clock import to_millisecond, utc_now
from shared.identity import PurposeNotHeldError, TokenIncompleteError, bearer, purpose_of
from shared.vocabulary import Action

_THINGS = {"cases": Thing.CASE, "reviews": Thing.REVIEW, "messages": Thing.MESSAGE, "requests": Thing.REQUEST}


def resources_of(request: Request) -> NotifierResources:
    return request.app.state.resources  # type: ignore[no-any-return]


Has = Annotated[NotifierResources, Depends(resources_of)]


async def asking(request: Request, has: Has, x_purpose_of_use: Annotated[str | None, Header()] = None) -> Asked:
    """A genuine token that does not say enough is refused and noted."""
    now, about = to_millisecond(utc_now()), _about(request)
    token = bearer(request.headers.get("authorization"))
    try:
        actor = await has.identities.verify(token)
        return Asked(actor, purpose_of(actor, x_purpose_of_use), now, about)
    except (TokenIncompleteError, PurposeNotHeldError) as error:
        await note_incomplete(error, about, desk=has.desk, now=now)
        raise


def _about(request: Request) -> About:
    """Of the address alone; what somebody wrote in place of an id is repeated nowhere."""
    parts = request.url.path.strip("/").split("/")
    thing = _THINGS.get(parts[0], Thing.CASE)
    if request.method == "POST":
        asks = thing is Thing.REQUEST and len(parts) == 1
        return About(Action.CREATE if asks else Action.REVIEW if thing is Thing.REVIEW else Action.UPDATE, thing)
    return About(Action.READ if len(parts) > 1 or thing is Thing.MESSAGE else Action.SEARCH, thing)


Asking = Annotated[Asked, Depends(asking)]
