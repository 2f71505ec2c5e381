"""Asks for the names of accounts, where the reader is told them; without a name a page shows the account."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from services.portal.group import Group, Reader, ServiceRefusedError, ServiceSilentError

_MOST = 100


async def names_of(reader: Reader, accounts: Iterable[Any], *, group: Group) -> Mapping[str, str]:
    """By account; none while `governance` is silent or refuses, for no page waits for it."""
    asked = sorted({account for account in accounts if isinstance(account, str) and account})[:_MOST]
    if not asked:
        return {}
    try:
        told = await group.ask(reader, "governance", f"/names?{urlencode([('id', one) for one in asked])}")
    except (ServiceSilentError, ServiceRefusedError):
        return {}
    names: Mapping[str, str] = told.body["names"]
    return names
