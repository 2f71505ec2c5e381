"""Makes users and indexes in MongoDB."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from pymongo import MongoClient  # noqa: TID251 - the installer is an administrator, not a service
from pymongo.errors import OperationFailure  # noqa: TID251 - as above

from deploy.install.topology import Principal, records_database

_INDEXES = {
    "resources": ([("owner", 1), ("type", 1), ("at", -1)], [("note", 1)]),
    "versions": ([("note", 1)],),
    "identifiers": ([("digest", 1)], [("address", 1)]),
    "patient_index": ([("digest", 1)], [("patient", 1)]),
    "outbox": ([("at", 1), ("ordinal", 1)], [("incarnation", 1), ("number", 1)]),
    "erasures": ([("state", 1)],),
    "emergencies": ([("held", 1)], [("state", 1), ("ends_at", 1)], [("patient", 1)]),
}
_USER_EXISTS = 51003


def install_mongodb(admin_uri: str, *, principals: Sequence[Principal], sites: Sequence[str], secret: Callable[[str], str]) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(admin_uri, serverSelectionTimeoutMS=10_000)
    try:
        for principal in principals:
            if principal.databases:
                _make_user(client, principal, secret(f"mongodb-{principal.name}"))
        for site in sites:
            for name, indexes in _INDEXES.items():
                for index in indexes:
                    client[records_database(site)][name].create_index(index)
        for database in ("audit", "portal", "consent", "notifier", "governance"):
            for index in _INDEXES["outbox"]:
                client[database]["outbox"].create_index(index)
        client["portal"]["sessions"].create_index([("ends_at", 1)], expireAfterSeconds=0)
    finally:
        client.close()


def _make_user(client: "MongoClient[dict[str, Any]]", principal: Principal, password: str) -> None:
    roles = [{"role": role, "db": database} for database, role in principal.databases]
    try:
        client.admin.command("createUser", principal.name, pwd=password, roles=roles)
    except OperationFailure as error:
        if error.code != _USER_EXISTS and "already exists" not in str(error):
            raise
        client.admin.command("updateUser", principal.name, pwd=password, roles=roles)


def uri_for(admin_uri: str, name: str, password: str) -> str:
    """The same servers and options, under another user."""
    parts = urlsplit(admin_uri)
    hosts = parts.netloc.rpartition("@")[2]
    options = "&".join(option for option in parts.query.split("&") if option and not option.startswith("authSource="))
    query = f"{options}&authSource=admin" if options else "authSource=admin"
    return urlunsplit((parts.scheme, f"{quote(name)}:{quote(password)}@{hosts}", "/", query, ""))
