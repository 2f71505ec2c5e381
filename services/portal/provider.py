"""Talks with the OIDC provider: where the browser is sent, and what its code is worth."""

from typing import Any, ClassVar
from urllib.parse import urlencode

import httpx

from services.portal.begun_sign_ins import BegunSignIn
from services.portal.settings import PortalSettings
from shared.errors import AnticipatedError, Sentence

SCOPE = "openid serment"
_LARGEST_ANSWER = 64 * 1024


class ProviderUnreachableError(AnticipatedError):
    """The provider does not answer, or answers nonsense."""

    slug: ClassVar[str] = "provider-unreachable"
    status: ClassVar[int] = 503
    fhir_code: ClassVar[str] = "transient"
    sentence: ClassVar[Sentence] = Sentence(
        "The sign-in service does not answer. Try again in a moment.",
        "Le service de connexion ne répond pas. Réessayez dans un instant.",
    )


class Provider:
    """A public client: the PKCE verifier is what proves that the code is ours."""

    def __init__(self, http: httpx.AsyncClient, settings: PortalSettings) -> None:
        self._http = http
        self._settings = settings

    def authorize_url(self, begun: BegunSignIn, *, language: str) -> str:
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._settings.redirect_uri,
            "scope": SCOPE,
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": begun.challenge,
            "code_challenge_method": "S256",
            "ui_locales": language,
        }
        return f"{self._settings.authorize_url}?{urlencode(asked)}"

    async def redeem(self, code: str, begun: BegunSignIn) -> str | None:
        """The id_token, not verified yet; None when the provider refuses the code. Raises ProviderUnreachableError."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._settings.redirect_uri,
            "client_id": self._settings.client_id,
            "code_verifier": begun.verifier,
        }
        try:
            answer = await self._http.post(self._settings.token_url, data=form, headers={"accept": "application/json"})
        except httpx.HTTPError as error:
            raise ProviderUnreachableError from error
        if answer.is_server_error or len(answer.content) > _LARGEST_ANSWER:
            raise ProviderUnreachableError
        return _id_token(answer) if answer.is_success else None


def _id_token(answer: httpx.Response) -> str:
    try:
        found: Any = answer.json()
    except ValueError as error:
        raise ProviderUnreachableError from error
    if not isinstance(found, dict) or not isinstance(found.get("id_token"), str):
        raise ProviderUnreachableError
    return str(found["id_token"])
