"""Proves that a missing setting is named, and that no secret is shown."""

import importlib
import json
import pkgutil
import re
import traceback
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsError

import services
from shared.settings import IssuerSettings, ServiceSettings

CANARY = "canary-5f0c54d2"
WHOLE = {
    "GROUP": "demo",
    "INSTANCE": "nord-a",
    "PORT": "8410",
    "KAFKA_BOOTSTRAP": '["127.0.0.1:9092"]',
    "KAFKA_USERNAME": "records-nord",
    "KAFKA_PASSWORD": f"{CANARY}-kafka",
    "MONGODB_URI": f"mongodb://records:{CANARY}-mongo@127.0.0.1/",
    "MONGODB_DATABASE": "records_nord",
    "VAULT_ADDRESS": "http://127.0.0.1:8200",
    "VAULT_ROLE_ID": "role",
    "VAULT_SECRET_ID_FILE": "/run/secret-id",
    "ISSUERS": json.dumps([{"issuer": "i", "jwks_uri": "j", "audiences": ["serment-api"]}]),
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in WHOLE.items():
        monkeypatch.setenv(f"SERMENT_{name}", value)
    return monkeypatch


def told_by(error: BaseException) -> str:
    """All that a log would show of it."""
    return "".join(traceback.format_exception(error))


def subclasses() -> list[type[ServiceSettings]]:
    for package in pkgutil.iter_modules(services.__path__, "services."):
        importlib.import_module(f"{package.name}.settings")
    return [ServiceSettings, *ServiceSettings.__subclasses__()]


class TestServiceSettings:
    @pytest.mark.usefixtures("environment")
    def test_are_read_from_the_environment(self) -> None:
        settings = ServiceSettings()

        assert settings.kafka_bootstrap == ["127.0.0.1:9092"]
        assert settings.kafka_password.get_secret_value() == f"{CANARY}-kafka"
        assert settings.vault_secret_id_file == Path("/run/secret-id")
        assert settings.issuers == [IssuerSettings(issuer="i", jwks_uri="j", audiences=frozenset({"serment-api"}))]

    @pytest.mark.parametrize("name", WHOLE)
    def test_name_what_is_missing(self, environment: pytest.MonkeyPatch, name: str) -> None:
        environment.delenv(f"SERMENT_{name}")

        with pytest.raises(ValidationError) as missing:
            ServiceSettings()

        assert [error["loc"] for error in missing.value.errors()] == [(name.lower(),)]
        assert name.lower() in str(missing.value)

    @pytest.mark.usefixtures("environment")
    def test_show_no_secret(self) -> None:
        settings = ServiceSettings()

        assert CANARY not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"

    @pytest.mark.parametrize("name", ["PORT", "MONGO_DRIVER", "LOG_LEVEL", "KAFKA_BOOTSTRAP", "ISSUERS"])
    @pytest.mark.parametrize("value", [CANARY, f'["{CANARY}', json.dumps([{"issuer": CANARY}])], ids=["text", "broken", "json"])
    def test_do_not_repeat_a_wrong_value(self, environment: pytest.MonkeyPatch, name: str, value: str) -> None:
        environment.setenv(f"SERMENT_{name}", value)
        if name == "KAFKA_BOOTSTRAP" and value.startswith("[{"):
            value = json.dumps({"password": CANARY})
            environment.setenv(f"SERMENT_{name}", value)

        with pytest.raises((ValidationError, SettingsError)) as wrong:
            ServiceSettings()

        assert name.lower() in str(wrong.value)
        assert CANARY not in told_by(wrong.value)

    @pytest.mark.usefixtures("environment")
    def test_cannot_be_changed(self) -> None:
        settings = ServiceSettings()

        with pytest.raises(ValidationError):
            settings.port = 1

    def test_of_every_service_hold_passwords_and_database_addresses_as_secrets(self) -> None:
        shown = [
            f"{kind.__name__}.{name}"
            for kind in subclasses()
            for name, field in kind.model_fields.items()
            if re.search("(password|secret|mongodb_uri|keyring_uri)$", name) and field.annotation not in {SecretStr, SecretStr | None}
        ]

        assert shown == []

    def test_of_every_service_have_a_description_each(self) -> None:
        bare = [f"{kind.__name__}.{name}" for kind in subclasses() for name, field in kind.model_fields.items() if not field.description]

        assert bare == []
