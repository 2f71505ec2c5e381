"""Typed settings of every service, read from `SERMENT_*` variables; a missing one is named, never guessed."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class IssuerSettings(BaseModel):
    """One trusted OIDC issuer: where its keys are, for whom its tokens must be, and where its claims stand."""

    model_config = ConfigDict(frozen=True)

    issuer: str = Field(description="The `iss` of its tokens.")
    jwks_uri: str = Field(description="Where its public keys are.")
    audiences: frozenset[str] = Field(description="Whom a token must be for: one of these.")
    algorithms: tuple[str, ...] = Field(default=("ES256",), description="The only signature algorithms taken from it.")
    claims: dict[str, str] = Field(default_factory=dict, description="Where a fact stands in its tokens, when not at the usual place.")


class ServiceSettings(BaseSettings):
    """What every service needs: who it is, where it listens, and its own credentials for each outside system."""

    model_config = SettingsConfigDict(env_prefix="SERMENT_", frozen=True, hide_input_in_errors=True)

    group: str = Field(description="Name of the healthcare group; part of the ledger's origin.")
    instance: str = Field(description="Name of this process among its replicas, such as `nord-a`.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(description="Port to listen on.")
    kafka_bootstrap: list[str] = Field(description="Kafka bootstrap servers, a JSON list of host:port.")
    kafka_username: str = Field(description="Kafka principal of this service (SCRAM-SHA-512).")
    kafka_password: SecretStr = Field(description="Password of the Kafka principal.")
    kafka_tls_ca: Path | None = Field(
        default=None, description="CA file of the brokers; without it the connection is plain, for loopback only."
    )
    mongodb_uri: SecretStr = Field(description="MongoDB address with this service's own user.")
    mongodb_database: str = Field(description="This service's own database.")
    mongo_driver: Literal["motor", "pymongo"] = Field(default="motor", description="MongoDB driver: Motor, or PyMongo Async.")
    vault_address: str = Field(description="Address of Vault or OpenBao.")
    vault_role_id: str = Field(description="AppRole role id of this service.")
    vault_secret_id_file: Path = Field(description="File that holds the AppRole secret id.")
    issuers: list[IssuerSettings] = Field(description="Trusted OIDC issuers, a JSON list.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Lowest level that is logged.")
