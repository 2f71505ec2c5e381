"""Keeps what a service says of itself to those who watch over it: figures, never anything about a patient."""

from typing import Any, ClassVar

from fastapi import Depends, Request, Response

from shared.errors import AnticipatedError, Sentence
from shared.http import professions
from shared.identity import Identities, bearer
from shared.vocabulary import Profession


class NotForYourProfessionError(AnticipatedError):
    """The route is for other professions."""

    slug: ClassVar[str] = "not-for-your-profession"
    status: ClassVar[int] = 403
    fhir_code: ClassVar[str] = "forbidden"
    sentence: ClassVar[Sentence] = Sentence("Your profession does not open this page.", "Votre profession ne donne pas accès à cette page.")


def only_for(*allowed: Profession) -> dict[str, Any]:
    """What a route takes to declare it and to keep it so; `app.state.resources` has the `identities`."""

    async def require(request: Request, response: Response) -> None:
        """Raises TokenRefusedError, TokenIncompleteError, IssuerUnreachableError or NotForYourProfessionError."""
        identities: Identities = request.app.state.resources.identities
        actor = await identities.verify(bearer(request.headers.get("authorization")))
        if actor.profession not in allowed:
            raise NotForYourProfessionError
        response.headers["cache-control"] = "no-store"

    return {"openapi_extra": professions(*allowed), "dependencies": [Depends(require)]}


FOR_WATCHERS = only_for(Profession.OPERATOR, Profession.PRIVACY_OFFICER)
FOR_OPERATORS = only_for(Profession.OPERATOR)
