"""Settings of `records`."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, SecretStr

from shared.settings import ServiceSettings


class RecordsSettings(ServiceSettings):
    """One site's records."""

    site: str = Field(description="The site whose records this process answers for.")
    keyring_uri: SecretStr = Field(description="MongoDB address with the keyring's own user.")
    keyring_database: str = Field(description="Database of the keyring; never the one of the records.")
    kek: str = Field(description="Name of the site's key-encryption key in Vault transit.")
    consent_url: str = Field(description="Address of `consent`, for leases and erasures; no read ever waits for it.")
    enforcement_secret: SecretStr = Field(description="What this replica shows to `consent` when it asks for a lease.")
    training_url: str = Field(description="Where people take the modules of lapsed duties: the address of the portal.")
    care_lasts: timedelta = Field(default=timedelta(days=30), description="How long a care relationship lasts after its encounter ended.")
    refusals: Literal["stated", "hidden"] = Field(
        default="stated", description="A refusal states its reason (403), or looks like an unknown id (404)."
    )
    emergency_lasts: timedelta = Field(default=timedelta(hours=4), description="How long emergency access to a chart lasts.")
    emergency_review_within: timedelta = Field(
        default=timedelta(hours=72), description="How long after its opening an emergency must have been reviewed."
    )
    standings_silence_bound: timedelta = Field(
        default=timedelta(minutes=10), description="How long the staff’s standings are believed after `governance` was last heard."
    )
