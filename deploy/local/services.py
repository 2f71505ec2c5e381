"""Starts Serment's own processes on this machine, each with its own credentials and nothing else's."""

import json
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx

from deploy.install.mongodb import uri_for
from deploy.install.topology import AUDIT_SIGNING_KEY, kek, keyring_database, records_database
from deploy.install.vault import Vault, new_secret_id
from deploy.local.child import Child, Program
from deploy.local.home import Home
from deploy.local.ports import LOOPBACK, Ports
from deploy.local.servers import Servers

GROUP = "demo"
REPLICAS = {"nord-a": "nord", "nord-b": "nord", "sud": "sud"}
_READY_WITHIN = 120.0


@dataclass(frozen=True, slots=True)
class Installation:
    """What the installer left for the services: role ids, the portal's client id, the ledger's public key, the trusted issuers.

    `naming_sites` tell patients names; `audit` and `governance` are told so by this one list.
    """

    role_ids: Mapping[str, str]
    portal_client: str
    audit_key: str
    issuers: list[dict[str, Any]] = field(default_factory=list)
    naming_sites: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Launch:
    """All that starting a service needs."""

    home: Home
    ports: Ports
    servers: Servers
    vault: Vault
    installation: Installation
    extra: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    replicas: Mapping[str, str] = field(default_factory=lambda: REPLICAS)
    """Each replica of `records` and its site."""
    traced: bool = False
    """Whether spans are collected on this machine, for the operator's pages."""

    def secret_id_file(self, principal: str) -> str:
        path = self.home.path / "credentials" / f"{principal}.secret-id"
        if not path.exists():
            self.home.write(f"credentials/{principal}.secret-id", new_secret_id(self.vault, principal))
        return str(path)

    def mongodb(self, principal: str) -> str:
        return uri_for(self.servers.mongodb_uri, principal, self.home.secret(f"mongodb-{principal}"))


def start_services(launch: Launch) -> dict[str, Child]:
    """Every process at once; answers when each says that it is ready.

    The collector of spans is no service: it ends with the servers, after it has taken the services' last spans.
    """
    programs = [_collector(launch)] if launch.traced else []
    programs += [_records(launch, instance, site) for instance, site in launch.replicas.items()]
    programs += [_smtp(launch), _consent(launch), _governance(launch), _notifier(launch), _audit(launch), _portal(launch), _login(launch)]
    children = {program.name: launch.servers.children.start(program) for program in programs}
    deadline = time.monotonic() + _READY_WITHIN
    for name, child in children.items():
        child.until(partial(_is_ready, launch.ports, name), within=max(1.0, deadline - time.monotonic()))
    children.pop("traces", None)
    return children


def fhir_bases(ports: Ports, replicas: Mapping[str, str] = REPLICAS) -> dict[str, list[str]]:
    bases: dict[str, list[str]] = {}
    for instance, site in replicas.items():
        bases.setdefault(site, []).append(f"{ports.url(instance)}/fhir")
    return bases


def _is_ready(ports: Ports, name: str) -> bool:
    if name == "smtp":
        return _listens(ports[name])
    return _answers(ports.url(name) + ("/health/live" if name == "login" else "/health/ready"))


def _listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=5).close()
    except OSError:
        return False
    return True


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False


def _program(launch: Launch, name: str, module: str, env: Mapping[str, str], *arguments: str) -> Program:
    every = {
        "OTEL_SERVICE_NAME": name,
        "PYTHONUNBUFFERED": "1",
        **_telemetry(launch),
        **env,
        **launch.extra.get(name, {}),
        **launch.extra.get("*", {}),
    }
    return Program(name, arguments, log=launch.home.log(name), env=every, module=module)


def _telemetry(launch: Launch) -> dict[str, str]:
    """Batches leave each second instead of each five, so that a trace is there when somebody looks."""
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": launch.ports.url("traces"), "OTEL_BSP_SCHEDULE_DELAY": "1000"} if launch.traced else {}


def _shared(launch: Launch, name: str, principal: str, database: str) -> dict[str, str]:
    env = {
        "group": GROUP,
        "instance": name,
        "port": str(launch.ports[name]),
        "kafka_bootstrap": json.dumps(list(launch.servers.kafka.bootstrap)),
        "kafka_username": principal,
        "kafka_password": launch.home.secret(f"kafka-{principal}"),
        "mongodb_uri": launch.mongodb(principal),
        "mongodb_database": database,
        "vault_address": launch.servers.openbao.address,
        "vault_role_id": launch.installation.role_ids.get(principal, "none"),
        "vault_secret_id_file": launch.secret_id_file(principal) if principal in launch.installation.role_ids else "none",
        "issuers": json.dumps(launch.installation.issuers),
    }
    return prefixed(env)


def prefixed(env: Mapping[str, str]) -> dict[str, str]:
    return {f"SERMENT_{name.upper()}": value for name, value in env.items()}


def _records(launch: Launch, instance: str, site: str) -> Program:
    principal = f"records-{site}"
    own = (
        {"site": site, "consent_url": launch.ports.url("consent"), "training_url": launch.ports.url("portal")}
        | _keyring(launch, site)
        | _enforcement(launch)
    )
    return _program(launch, instance, "services.records", _shared(launch, instance, principal, records_database(site)) | prefixed(own))


def _enforcement(launch: Launch) -> dict[str, str]:
    """Replicas of `records` show the same secret to `consent` when they ask for a lease."""
    return {"enforcement_secret": launch.home.secret("enforcement")}


def _consent(launch: Launch) -> Program:
    own = _keyring(launch, "consent") | _enforcement(launch) | {"fhir_bases": json.dumps(_bases(launch))}
    return _program(launch, "consent", "services.consent", _shared(launch, "consent", "consent", "consent") | prefixed(own))


def _governance(launch: Launch) -> Program:
    own = {"staff_file": str(launch.home.path / "staff.json")} | _naming(launch)
    return _program(launch, "governance", "services.governance", _shared(launch, "governance", "governance", "governance") | prefixed(own))


def _naming(launch: Launch) -> dict[str, str]:
    return {"naming_sites": json.dumps(launch.installation.naming_sites)}


def _notifier(launch: Launch) -> Program:
    own = _keyring(launch, "notifier") | {
        "smtp_host": LOOPBACK,
        "smtp_port": str(launch.ports["smtp"]),
        "mail_from": "serment@demo.invalid",
        "contacts_file": str(launch.home.path / "staff.json"),
        "portal_url": launch.ports.url("portal"),
    }
    return _program(launch, "notifier", "services.notifier", _shared(launch, "notifier", "notifier", "notifier") | prefixed(own))


def _bases(launch: Launch) -> dict[str, list[str]]:
    return fhir_bases(launch.ports, launch.replicas)


def _smtp(launch: Launch) -> Program:
    """No mail leaves this machine: each lies in the home, for people to look at."""
    return _program(launch, "smtp", "deploy.local.smtp_sink", {}, str(launch.ports["smtp"]), str(launch.home.folder("mail")))


def _collector(launch: Launch) -> Program:
    """What it keeps, it shows to the portal alone."""
    env = prefixed({"traces_secret": launch.home.secret("traces")})
    return _program(launch, "traces", "deploy.local.span_collector", env, str(launch.ports["traces"]))


def _keyring(launch: Launch, owner: str) -> dict[str, str]:
    return {"keyring_uri": launch.mongodb(f"keyring-{owner}"), "keyring_database": keyring_database(owner), "kek": kek(owner)}


def _audit(launch: Launch) -> Program:
    own = _keyring(launch, "audit") | _naming(launch) | {"signing_key": AUDIT_SIGNING_KEY}
    return _program(launch, "audit", "services.audit", _shared(launch, "audit", "audit", "audit") | prefixed(own))


def _portal(launch: Launch) -> Program:
    provider = f"{launch.servers.openbao.address}/v1/identity/oidc/provider/serment"
    own = {
        "client_id": launch.installation.portal_client,
        "authorize_url": f"{launch.ports.url('login')}/authorize",
        "token_url": f"{provider}/token",
        "public_url": launch.ports.url("portal"),
        "audit_url": launch.ports.url("audit"),
        "consent_url": launch.ports.url("consent"),
        "governance_url": launch.ports.url("governance"),
        "notifier_url": launch.ports.url("notifier"),
        "records_urls": json.dumps({site: [base.removesuffix("/fhir") for base in bases] for site, bases in _bases(launch).items()}),
        "places_file": str(launch.home.path / "places.json"),
        "time_zone": "Europe/Paris",
    }
    if launch.traced:
        own |= {"traces_url": launch.ports.url("traces"), "traces_secret": launch.home.secret("traces")}
    return _program(launch, "portal", "services.portal", _shared(launch, "portal", "portal", "portal") | prefixed(own))


def _login(launch: Launch) -> Program:
    env = {
        "SERMENT_LOGIN_PORT": str(launch.ports["login"]),
        "SERMENT_LOGIN_OPENBAO": launch.servers.openbao.address,
        "SERMENT_LOGIN_REDIRECT_URI": f"{launch.ports.url('portal')}/callback",
    }
    return _program(launch, "login", "deploy.local.login", env)
