"""Finds out who asks, in which language they read, and what they sent, before any route of `governance` does its work."""

from typing import Annotated, TypeVar

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from services.governance.permissions import Asker, Guard, may_enter, may_lock, may_read_names
from services.governance.refusals import TrainingRequestUnfitError, require
from services.governance.resources import GovernanceResources
from services.governance.staff_store import the_one
from shared.bodies import UnfitBodyError, read_as
from shared.http import language_of
from shared.identity import bearer
from shared.vocabulary import Profession

_LARGEST_BODY = 64 * 1024
B = TypeVar("B", bound=BaseModel)


def _resources(request: Request) -> GovernanceResources:
    return request.app.state.resources  # type: ignore[no-any-return]


Has = Annotated[GovernanceResources, Depends(_resources)]


async def _asker(request: Request, has: Has) -> Asker:
    """Raises TokenRefusedError, TokenIncompleteError, IssuerUnreachableError or TaskRefusedError."""
    actor = await has.identities.verify(bearer(request.headers.get("authorization")))
    member = await has.staff.find(actor.ident)
    require(may_enter(actor.profession, member))
    return Asker(actor.profession, the_one(member))


Asking = Annotated[Asker, Depends(_asker)]


async def _guard(request: Request, has: Has) -> Guard:
    """Raises TokenRefusedError, TokenIncompleteError, IssuerUnreachableError or TaskRefusedError."""
    actor = await has.identities.verify(bearer(request.headers.get("authorization")))
    member = await has.staff.find(actor.ident)
    require(may_lock(actor.profession, member))
    return Guard(actor.ident, actor.site if member is None else member.site)


Guarding = Annotated[Guard, Depends(_guard)]


async def _names_asker(request: Request, has: Has) -> Profession:
    """Patients are let in here too. Raises TokenRefusedError, TokenIncompleteError, IssuerUnreachableError or TaskRefusedError."""
    actor = await has.identities.verify(bearer(request.headers.get("authorization")))
    require(may_read_names(actor.profession, await has.staff.find(actor.ident)))
    return actor.profession


AskingNames = Annotated[Profession, Depends(_names_asker)]


def _language(request: Request, response: Response) -> str:
    language = language_of(request.headers.get("accept-language"))
    response.headers.update({"content-language": language, "vary": "accept-language"})
    return language


Language = Annotated[str, Depends(_language)]


def keep_out_of_caches(response: Response) -> None:
    response.headers["cache-control"] = "no-store"


async def body_of(kind: type[B], request: Request) -> B:
    """Read only once it is known who sends it. Raises TrainingRequestUnfitError."""
    try:
        return await read_as(kind, request, _LARGEST_BODY)
    except UnfitBodyError:
        raise TrainingRequestUnfitError from None
