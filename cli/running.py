"""Finds a running Serment by its home, and the accounts and credentials that lie there."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from deploy.local.launcher_error import LauncherError
from deploy.local.tokens import get_token


@dataclass(frozen=True)
class Running:
    """One installation on this machine, as its files tell it."""

    home: Path

    @cached_property
    def addresses(self) -> Mapping[str, Any]:
        """`stack.json`; its schema is in docs/stack.md."""
        return self._read("stack.json")  # type: ignore[no-any-return]

    def fhir(self, site: str, replica: int = 0) -> str:
        return str(self.addresses["sites"][site]["fhir"][replica])

    def replicas(self, site: str) -> list[str]:
        return list(self.addresses["sites"][site]["fhir"])

    def token(self, login: str, purpose: str | None = None) -> str:
        return get_token(self.addresses["issuer"], login, self.password(login), purpose=purpose)

    def password(self, login: str) -> str:
        accounts = {account["login"]: account["password"] for account in self._read("accounts.json")}
        if login not in accounts:
            raise LauncherError(f"There is no account {login}. The accounts are: {', '.join(sorted(accounts))}.")
        return str(accounts[login])

    def login_of(self, profession: str) -> str:
        """Somebody of that profession."""
        return next(str(account["login"]) for account in self._read("accounts.json") if account["profession"] == profession)

    def claims(self, login: str) -> Any:
        """What a token of theirs says."""
        payload = self.token(login).split(".")[1]
        return json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))

    def credentials(self, name: str) -> Any:
        return self._read(f"credentials/{name}.json")

    def _read(self, name: str) -> Any:
        try:
            return json.loads((self.home / name).read_text())
        except FileNotFoundError:
            sentence = f"There is no installation in {self.home}. Start one with `make run`, or name its folder with --home."
            raise LauncherError(sentence) from None
