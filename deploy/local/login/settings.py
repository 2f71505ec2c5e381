"""Settings of the login page, read from `SERMENT_LOGIN_*` variables."""

from urllib.parse import urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LoginSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SERMENT_LOGIN_", frozen=True, hide_input_in_errors=True)

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(description="Port to listen on.")
    openbao: str = Field(description="Address of OpenBao.")
    provider: str = Field(default="serment", description="Name of the OIDC provider in OpenBao.")
    redirect_uri: str = Field(description="The portal's callback: the only place to which anyone is sent back.")

    @property
    def portal_origin(self) -> str:
        parts = urlsplit(self.redirect_uri)
        return f"{parts.scheme}://{parts.netloc}"
