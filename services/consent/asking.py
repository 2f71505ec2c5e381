"""Finds out who asks, before any route of `consent` does its work."""

import hmac
from typing import Annotated

from fastapi import Depends, Header, Request

from services.consent.desk import Asked
from services.consent.refusals import ReplicasOnlyError
from services.consent.resources import ConsentResources
from shared.clock import to_millisecond, utc_now
from shared.enforcement import SECRET_HEADER
from shared.identity import bearer, purpose_of


def _resources(request: Request) -> ConsentResources:
    return request.app.state.resources  # type: ignore[no-any-return]


Has = Annotated[ConsentResources, Depends(_resources)]


async def asking(request: Request, has: Has, x_purpose_of_use: Annotated[str | None, Header()] = None) -> Asked:
    now = to_millisecond(utc_now())
    actor = await has.identities.verify(bearer(request.headers.get("authorization")))
    return Asked(actor, purpose_of(actor, x_purpose_of_use), now)


async def replica(request: Request, has: Has) -> None:
    """Raises ReplicasOnlyError."""
    shown = request.headers.get(SECRET_HEADER, "")
    if not hmac.compare_digest(shown.encode("latin-1"), has.settings.enforcement_secret.get_secret_value().encode()):
        raise ReplicasOnlyError


Asking = Annotated[Asked, Depends(asking)]
ReplicaOnly = Depends(replica)
