"""Settings of `audit`."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr

from shared.settings import ServiceSettings


class AuditSettings(ServiceSettings):
    """The group's one ledger."""

    keyring_uri: SecretStr = Field(description="MongoDB address with the user of the ledger's own keyring.")
    keyring_database: str = Field(description="Database of the ledger's keyring; never the one of the ledger.")
    kek: str = Field(description="Name of the key-encryption key for ledger entries in Vault transit (derived).")
    signing_key: str = Field(description="Name of the Ed25519 key in Vault transit that signs checkpoints.")
    silence_bound: timedelta = Field(
        default=timedelta(seconds=60), description="A source that sent no heartbeat for longer is a suspicion."
    )
    signing_pause: timedelta = Field(default=timedelta(milliseconds=200), description="Shortest time between two signatures of one log.")
    gathering_pause: timedelta = Field(
        default=timedelta(milliseconds=100),
        description="How long the sequencer lets notes gather between two transactions; none while it lags.",
    )
    largest_batch: int = Field(default=1000, ge=1, le=10_000, description="Most notes in one transaction.")
    rules_folder: Path | None = Field(
        default=None,
        description="Folder of detection rules of one's own, read at start beside those that are shipped; `serment rules check`.",
    )
    naming_sites: frozenset[str] = Field(
        default=frozenset(),
        description="Sites that tell patients by name who of the staff looked, a JSON list; the same list for `audit` and `governance`.",
    )
