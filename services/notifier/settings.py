"""Settings of `notifier`."""

from datetime import timedelta
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from services.notifier.messages.courier import LONGEST_TRY
from shared.settings import ServiceSettings

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class NotifierSettings(ServiceSettings):
    """The group's one notifier."""

    keyring_uri: SecretStr = Field(description="MongoDB address with the user of the notifier's own keyring.")
    keyring_database: str = Field(description="Database of the notifier's keyring; never the one of the cases.")
    kek: str = Field(description="Name of the key-encryption key for messages to patients in Vault transit (derived).")
    smtp_host: str = Field(description="Mail server.")
    smtp_port: int = Field(description="Port of the mail server.")
    smtp_tls_ca: Path | None = Field(
        default=None, description="CA file of the mail server, which then must offer STARTTLS; without it plain, for loopback only."
    )
    smtp_username: str | None = Field(default=None, description="Login at the mail server, where it wants one.")
    smtp_password: SecretStr | None = Field(default=None, description="Password of that login.")
    smtp_patience: timedelta = Field(default=timedelta(seconds=10), description="How long one reply of the mail server may take.")
    mail_from: str = Field(pattern=r"^[\x21-\x3f\x41-\x7e]+@[A-Za-z0-9.-]+$", description="Sender address of every mail.")
    sending_lease: timedelta = Field(
        default=timedelta(seconds=60), description="A mail in flight for longer was left by a process that ended, and is sent again."
    )
    contacts_file: Path = Field(description="JSON list of the members of staff, with id, profession, site and mail of each.")
    portal_url: str = Field(pattern=r"^https?://", description="Where people find the portal; mails link to it.")
    deadline_pause: timedelta = Field(default=timedelta(seconds=30), description="How often the clocks are looked at.")

    @model_validator(mode="after")
    def _only_loopback_is_plain(self) -> Self:
        if self.smtp_tls_ca is None and self.smtp_host not in _LOOPBACK:
            raise ValueError("smtp_tls_ca is required unless the mail server is on loopback")
        if self.sending_lease <= LONGEST_TRY:
            raise ValueError(f"sending_lease must be longer than one try can take ({LONGEST_TRY.total_seconds():.0f} s)")
        return self
