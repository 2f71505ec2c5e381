"""Stands on a running installation: made-up charts in one site, a clinician's token, and the processes that are measured."""

import asyncio
import json
import os
import subprocess
import sys
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from bench.charts import make_charts
from cli.running import Running
from deploy.install.mongodb import uri_for
from deploy.local.mongodb import ADMIN
from deploy.local.ports import LOOPBACK
from deploy.local.stack import Stack
from shared.mongo import open_mongo

SITE, REPLICA, CLINICIAN = "nord", "nord-a", "a.martin"
_READY_WITHIN = 30.0
_TOKEN_LASTS = 300.0


@dataclass(frozen=True, slots=True)
class Server:
    """Something that answers the same reads: where it listens, under which prefix, and whose processor time counts."""

    name: str
    port: int
    pid: int
    prefix: str = "/fhir/"


@dataclass
class Ground:
    """`answers` are the bodies that the protected read gave, by address in a shuffled order that is always the same."""

    running: Running
    settings: Mapping[str, str] = field(repr=False)
    folder: Path
    answers: Mapping[str, str]
    patients: int
    asked: int = 0
    _token: tuple[str, float] = ("", 0.0)

    @property
    def protected(self) -> Server:
        return Server("protected", _port(self.running), self.running.addresses["processes"][REPLICA])

    def load(self, server: Server, *, in_flight: int, requests: int) -> dict[str, Any]:
        """What `bench.load` tells; whatever was not answered with 200 ends the measurement."""
        plan = self.folder / f"{server.name}.plan.json"
        headers = {"authorization": f"Bearer {self.token()}", "accept": "application/fhir+json"}
        paths = [server.prefix + address for address in self.answers]
        plan.write_text(json.dumps({"host": LOOPBACK, "port": server.port, "headers": headers, "paths": paths}))
        argv = [sys.executable, "-m", "bench.load", str(plan), "--in-flight", str(in_flight), "--requests", str(requests)]
        told: dict[str, Any] = json.loads(subprocess.run([*argv, "--pid", str(server.pid)], check=True, capture_output=True).stdout)
        if told["statuses"] != {"200": told["asked"]}:
            raise RuntimeError(f"{server.name} answered {told['statuses']} to {told['asked']} requests")
        if server.prefix == "/fhir/":
            self.asked += told["asked"]
        return told

    def token(self) -> str:
        token, until = self._token
        if time.monotonic() > until:
            token = self.running.token(CLINICIAN)
            self._token = (token, time.monotonic() + _TOKEN_LASTS)
        return token

    def environment(self, **changed: str) -> dict[str, str]:
        """The settings of the replica that runs, but for these."""
        return {**os.environ, **self.settings, **changed}

    @property
    def mongodb_uri(self) -> str:
        """The administrator's: the plain copies lie in a database of their own, which no service may open."""
        given = os.environ.get("MONGODB_URI")
        secret = self.running.home / "secrets" / "mongodb-admin"
        return given or uri_for(self.running.credentials("auditor")["mongodb_uri"], ADMIN, secret.read_text())

    @property
    def engine(self) -> str:
        return asyncio.run(_engine(self.mongodb_uri))


def make_ground(stack: Stack, folder: Path, *, patients: int) -> Ground:
    """Stores the charts, and reads each address once to know its bytes."""
    running, settings = Running(stack.home.path), stack.services[REPLICA].program.env
    claims = orjson.loads(urlsafe_b64decode(running.token(CLINICIAN).split(".")[1] + "=="))
    base = running.fhir(SITE)
    charts = make_charts(base, lambda: running.token(f"integration.{SITE}"), practitioner=claims["fhirUser"], count=patients)
    addresses = [address for chart in charts for address in chart]
    Random(1).shuffle(addresses)  # noqa: S311 - an order, not a secret
    return Ground(running, settings, folder, _answers(base, running.token(CLINICIAN), addresses), patients)


def _answers(base: str, token: str, addresses: Sequence[str]) -> dict[str, str]:
    with httpx.Client(headers={"authorization": f"Bearer {token}"}, trust_env=False, timeout=30) as http:
        found = {address: http.get(f"{base}/{address}") for address in addresses}
    for answer in found.values():
        answer.raise_for_status()
    return {address: answer.text for address, answer in found.items()}


def _port(running: Running) -> int:
    return urlsplit(running.fhir(SITE)).port or 80


async def _engine(uri: str) -> str:
    mongo = open_mongo(uri, driver="pymongo")
    try:
        info = await mongo.database("admin").command("buildInfo")
    finally:
        await mongo.close()
    mongodb = f"MongoDB {info['version']}"
    return f"SecantusDB {info['secantusVersion']} as {mongodb}" if "secantusVersion" in info else mongodb


@contextmanager
def running_server(name: str, argv: Sequence[str], *, port: int, environment: Mapping[str, str], log: Path) -> Iterator[Server]:
    """A module of ours as a process of its own, ended with the block."""
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", *argv], env=dict(environment), stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + _READY_WITHIN
        while not _answers_at(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield Server(name, port, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers_at(port: int) -> bool:
    try:
        return httpx.get(f"http://{LOOPBACK}:{port}/health/ready", timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False
