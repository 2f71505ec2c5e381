"""Settings of `portal`."""

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator, model_validator

from shared.settings import ServiceSettings

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class PortalSettings(ServiceSettings):
    """The group's one portal."""

    public_url: str = Field(description="Where browsers find the portal, without a path; plain http for loopback only.")
    authorize_url: str = Field(description="The provider's authorize address, or the login page that stands before it.")
    token_url: str = Field(description="The provider's token endpoint.")
    client_id: str = Field(description="The portal's client id at the provider; a public client, so there is no secret.")
    audit_url: str = Field(description="Address of `audit`.")
    consent_url: str = Field(description="Address of `consent`.")
    governance_url: str = Field(description="Address of `governance`.")
    notifier_url: str = Field(description="Address of `notifier`.")
    records_urls: dict[str, list[str]] = Field(description="Addresses of the replicas of `records`, without a path, by site.")
    places_file: Path = Field(description="JSON file with the names of sites and units; `services/portal/places.py` says its form.")
    time_zone: ZoneInfo = Field(description="The IANA time zone in which pages tell the time, such as Europe/Paris.")
    traces_url: str | None = Field(
        default=None, description="Address of the collector whose traces operators see; without it there are none."
    )
    traces_secret: SecretStr | None = Field(default=None, description="What the portal shows to that collector.")
    tracing_ui: str | None = Field(
        default=None, description="Address of a trace in the tracing UI that operators use, with `{trace}` in the place of its id."
    )

    @property
    def addresses(self) -> dict[str, list[str]]:
        """Of every service that pages ask, the records' as `records/SITE`."""
        plain = {"audit": self.audit_url, "consent": self.consent_url, "governance": self.governance_url, "notifier": self.notifier_url}
        return {name: [url] for name, url in plain.items()} | {f"records/{site}": urls for site, urls in self.records_urls.items()}

    @field_validator("tracing_ui")
    @classmethod
    def _leads_to_a_trace(cls, address: str | None) -> str | None:
        """It becomes a link of a page, so it leads nowhere but to the web."""
        if address is not None and (urlsplit(address).scheme not in {"http", "https"} or "{trace}" not in address):
            raise ValueError("tracing_ui must be an http or https address with {trace} in it")
        return address

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
