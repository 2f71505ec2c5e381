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
    care_lasts: timedelta = Field(default=timedelta(days=30), description="How long a care relationship lasts after its encounter ended.")
    refusals: Literal["stated", "hidden"] = Field(
        default="stated", description="A refusal states its reason (403), or looks like an unknown id (404)."
    )
