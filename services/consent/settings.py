"""Settings of `consent`."""

from datetime import timedelta

from pydantic import Field, SecretStr

from shared.settings import ServiceSettings


class ConsentSettings(ServiceSettings):
    """The group's one registry of consents, and the granter of leases."""

    keyring_uri: SecretStr = Field(description="MongoDB address with the user of the keyring of `consent`.")
    keyring_database: str = Field(description="Database of the keyring of `consent`.")
    kek: str = Field(description="Name of its key-encryption key in Vault transit (derived).")
    enforcement_secret: SecretStr = Field(description="What replicas of `records` show when they ask for a lease.")
    lease: timedelta = Field(
        default=timedelta(seconds=20), description="How long a lease lasts; longer than a failover of MongoDB, shorter than patience."
    )
    fhir_bases: dict[str, list[str]] = Field(default_factory=dict, description="Each site's FHIR bases, for who asks here for other types.")
