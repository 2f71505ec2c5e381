"""Settings of `portal`."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from shared.settings import ServiceSettings

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class PortalSettings(ServiceSettings):
    """The group's one portal."""

    public_url: str = Field(description="Where browsers find the portal, without a path; plain http for loopback only.")
    authorize_url: str = Field(description="The provider's authorize address, or the login page that stands before it.")
    token_url: str = Field(description="The provider's token endpoint.")
    client_id: str = Field(description="The portal's client id at the provider; a public client, so there is no secret.")
    audit_url: str = Field(description="Address of `audit`.")

    @model_validator(mode="after")
    def _only_loopback_is_plain(self) -> Self:
        parts = urlsplit(self.public_url)
        if parts.path or (parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in _LOOPBACK)):
            raise ValueError("public_url must be https without a path; http is for loopback only")
        return self

    @property
    def redirect_uri(self) -> str:
        """Registered at the provider."""
        return f"{self.public_url}/callback"

    @property
    def login_origin(self) -> str:
        """Where the sign-in form leads; the content security policy names it."""
        parts = urlsplit(self.authorize_url)
        return f"{parts.scheme}://{parts.netloc}"
