"""Runs SecantusDB, which speaks MongoDB's protocol, or goes to the MongoDB that `MONGODB_URI` names."""

import os

from pymongo import MongoClient  # noqa: TID251 - shared.mongo is for services; here the admin user is made and readiness asked for
from pymongo.errors import PyMongoError  # noqa: TID251

from deploy.local.child import Child, Program
from deploy.local.children import Children
from deploy.local.home import Home
from deploy.local.launcher_error import LauncherError
from deploy.local.ports import LOOPBACK, Ports
from deploy.local.tools import Tools

ADMIN = "admin"
READY_WITHIN = 30.0


def start_mongodb(home: Home, ports: Ports, children: Children, tools: Tools) -> str:
    """The admin's URI of a server that answered to it."""
    given = os.environ.get("MONGODB_URI")
    if given:
        if not _answers(given, patience_ms=5000):
            raise LauncherError("The MongoDB that MONGODB_URI names does not answer: check the address, the user and the password in it.")
        return given

    uri = admin_uri(home, ports)
    data = home.folder("mongodb")
    if not (data / ADMIN).exists():
        _create_admin(home, ports, children, tools)
    child = children.start(_program(home, ports, tools, "--auth"))
    child.until(lambda: _answers(uri), within=READY_WITHIN)
    return uri


def admin_uri(home: Home, ports: Ports) -> str:
    credentials = f"{ADMIN}:{home.secret('mongodb-admin')}@"
    return _uri(ports, credentials) + "&authSource=admin&authMechanism=SCRAM-SHA-256"


def _uri(ports: Ports, credentials: str = "") -> str:
    """Without retryable writes, for which this server scans a table on every write."""
    return f"mongodb://{credentials}{LOOPBACK}:{ports['mongodb']}/?directConnection=true&retryWrites=false"


def _program(home: Home, ports: Ports, tools: Tools, *flags: str) -> Program:
    data = home.folder("mongodb")
    settings = home.write("mongodb/secantusd.toml", "# all is said by flags; named so that no other file is looked for\n")
    argv = [*tools.mongodb, "--config", str(settings), "--host", LOOPBACK, "--port", str(ports["mongodb"])]
    argv += ["--storage-path", str(home.folder("mongodb", "data")), "--cache-size", "256M", "--sync-on-commit", "--log-level", "WARNING"]
    return Program("mongodb", [*argv, *flags], log=home.log("mongodb"), folder=data)


def _create_admin(home: Home, ports: Ports, children: Children, tools: Tools) -> None:
    """Once without authentication: the server has no other way to its first user."""
    child: Child = children.start(_program(home, ports, tools))
    child.until(lambda: _answers(_uri(ports)), within=READY_WITHIN)
    with MongoClient[dict[str, object]](_uri(ports)) as client:
        known = client.admin.command("usersInfo", ADMIN)["users"]
        verb = "updateUser" if known else "createUser"
        client.admin.command(verb, ADMIN, pwd=home.secret("mongodb-admin"), roles=["root"], mechanisms=["SCRAM-SHA-256"])
    children.stop(child, patience=10)
    home.write(f"mongodb/{ADMIN}", "The admin user was created.\n")


def _answers(uri: str, *, patience_ms: int = 500) -> bool:
    try:
        with MongoClient[dict[str, object]](uri, serverSelectionTimeoutMS=patience_ms, connectTimeoutMS=patience_ms) as client:
            client.admin.command("listDatabases", nameOnly=True)
    except PyMongoError:
        return False
    return True
