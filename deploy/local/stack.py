"""Brings a whole group up on one machine: servers, installation, services, sample; and says where everything is."""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.install.kafka import install_kafka
from deploy.install.mongodb import install_mongodb
from deploy.install.topology import kek, keyring_database, principals, records_database
from deploy.install.vault import Vault, audit_public_key, install_vault
from deploy.local.child import Child
from deploy.local.home import Home
from deploy.local.identity import install_identity, issuers, staff_of, tell_claims
from deploy.local.loading import Loader, load_site
from deploy.local.ports import Ports
from deploy.local.sample.seed import Seed, load_seed
from deploy.local.servers import Servers, start_servers
from deploy.local.services import GROUP, REPLICAS, Installation, Launch, fhir_bases, start_services
from deploy.local.tokens import get_token
from deploy.local.tools import ensure_tools
from shared.clock import utc_now

Say = Callable[[str], None]
_LEAVES_WITHIN = 12.0
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a group is brought up; the demo's is the default. Without `every_chart` only those of people with an account are loaded.

    Where it is `traced`, spans are collected for the operator's pages, unless the environment says that they go elsewhere.
    """

    brokers: int = 1
    every_chart: bool = True
    traced: bool = False
    replicas: Mapping[str, str] = field(default_factory=lambda: REPLICAS)


DEMO = Shape()


@dataclass(frozen=True, slots=True)
class Stack:
    """A running group."""

    home: Home
    ports: Ports
    servers: Servers
    services: Mapping[str, Child]
    launch: Launch

    def stop(self) -> None:
        """Each leaves by its own word: replicas of `records` while `consent` hears it, every service while the servers still answer."""
        replicas = [self.services[name] for name in self.launch.replicas]
        _ended(replicas)
        _ended([child for child in self.services.values() if child not in replicas])
        self.servers.stop()
        self.launch.vault.http.close()
        self.home.release()

    def resident_bytes(self) -> int:
        return sum(child.resident_bytes() for child in self.servers.children)


def _ended(children: list[Child]) -> None:
    for child in children:
        child.terminate()
    deadline = time.monotonic() + _LEAVES_WITHIN
    for child in children:
        child.gone_within(max(0.0, deadline - time.monotonic()))


def start_stack(home: Home, ports: Ports, *, shape: Shape = DEMO, extra: Mapping[str, Mapping[str, str]] | None = None, say: Say) -> Stack:
    """Idempotent: what a first run made, the next one uses again. `extra` adds environment by service name, or `*` for all."""
    first = not home.installed
    tools = ensure_tools(ROOT, say)
    say("Starting Kafka, MongoDB and OpenBao.")
    servers = start_servers(home, ports, brokers=shape.brokers, tools=tools, say=say)
    try:
        seed = load_seed()
        say("Installing topics, users, keys and policies." if first else "Checking topics, users, keys and policies.")
        vault = Vault(servers.openbao.address, servers.openbao.installer_login())
        installation = _install(home, ports, servers, vault, seed, shape.brokers)
        launch = Launch(home, ports, servers, vault, installation, extra or {}, shape.replicas, _is_traced(shape))
        say("Starting Serment's services.")
        services = start_services(launch)
        stack = Stack(home, ports, servers, services, launch)
        write_addresses(stack, seed)
        if first:
            load_sample(stack, seed, every_chart=shape.every_chart, say=say)
            home.mark_installed()
    except BaseException:
        servers.stop()
        raise
    return stack


def _is_traced(shape: Shape) -> bool:
    """Who set an endpoint wants the spans there, and there alone."""
    return shape.traced and not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")


def _install(home: Home, ports: Ports, servers: Servers, vault: Vault, seed: Seed, brokers: int) -> Installation:
    sites = tuple(site.id for site in seed.sites)
    every = principals(sites)
    kafka = servers.kafka
    install_kafka(kafka.bootstrap, kafka.admin_user, kafka.admin_password, principals=every, secret=home.secret, copies=brokers)
    install_mongodb(servers.mongodb_uri, principals=every, sites=sites, secret=home.secret)
    role_ids = install_vault(vault, principals=every, sites=sites)
    address = servers.openbao.address
    client = install_identity(vault, seed, secret=home.secret, issuer=address, redirect_uri=f"{ports.url('portal')}/callback")
    home.write("staff.json", json.dumps(staff_of(vault, seed), ensure_ascii=False, indent=2))
    home.write("places.json", json.dumps(_places(seed), ensure_ascii=False, indent=2))
    naming_sites = [site.id for site in seed.sites if site.tells_names]
    return Installation(role_ids, client, audit_public_key(vault), issuers(address, client), naming_sites)


def _places(seed: Seed) -> dict[str, Any]:
    """Names for people, as the portal reads them."""
    return {site.id: {"name": site.name, "units": {unit.id: unit.name for unit in site.units}} for site in seed.sites}


def load_sample(stack: Stack, seed: Seed, *, every_chart: bool, say: Say) -> None:
    """Each site's directory and charts, and the claims of the people they name."""
    started = time.monotonic()
    for site in seed.sites:
        loader = site_loader(stack, site.id)
        for login, claims in load_site(loader, site, seed, every_chart=every_chart, say=say).items():
            tell_claims(stack.launch.vault, login, claims)
    say(f"The sample is loaded ({time.monotonic() - started:.0f} s).")


def site_loader(stack: Stack, site: str) -> Loader:
    login = f"integration.{site}"
    address, password = stack.servers.openbao.address, stack.home.secret(f"account-{login}")
    return Loader(fhir_bases(stack.ports)[site][0], lambda: get_token(address, login, password), utc_now().date())


def write_addresses(stack: Stack, seed: Seed) -> None:
    """`stack.json` (documented in docs/stack.md), `accounts.json`, and the credentials of people's tools."""
    home, launch = stack.home, stack.launch
    home.write("stack.json", json.dumps(_addresses(stack), indent=2))
    shown = {"login", "name", "profession", "site", "unit", "purposes"}
    accounts = [account.model_dump(include=shown) | {"password": home.secret(f"account-{account.login}")} for account in seed.accounts]
    home.write("accounts.json", json.dumps(accounts, indent=2, ensure_ascii=False))
    for site in fhir_bases(stack.ports):
        name = f"records-{site}"
        role = {"vault_role_id": launch.installation.role_ids[name], "vault_secret_id_file": launch.secret_id_file(name)}
        home.write(f"credentials/{name}.json", json.dumps(role, indent=2))
    home.write("credentials/auditor.json", json.dumps(_auditor(stack), indent=2))


def _auditor(stack: Stack) -> dict[str, Any]:
    """What `serment verify` needs, and no more: reading, and the key that opens ledger entries."""
    launch, sites = stack.launch, list(fhir_bases(stack.ports))
    return {
        "group": GROUP,
        "public_key": launch.installation.audit_key,
        "mongodb_uri": launch.mongodb("auditor"),
        "database": "audit",
        "keyring_database": keyring_database("audit"),
        "kek": kek("audit"),
        "records": {site: records_database(site) for site in sites},
        "vault_address": stack.servers.openbao.address,
        "vault_role_id": launch.installation.role_ids["auditor"],
        "vault_secret_id_file": launch.secret_id_file("auditor"),
    }


def _addresses(stack: Stack) -> dict[str, Any]:
    return {
        "version": 1,
        "group": GROUP,
        "portal": stack.ports.url("portal"),
        "login": stack.ports.url("login"),
        "audit": stack.ports.url("audit"),
        "consent": stack.ports.url("consent"),
        "governance": stack.ports.url("governance"),
        "notifier": stack.ports.url("notifier"),
        "sites": {site: {"fhir": bases} for site, bases in fhir_bases(stack.ports, stack.launch.replicas).items()},
        "issuer": stack.servers.openbao.address,
        "vault": stack.servers.openbao.address,
        "kafka": list(stack.servers.kafka.bootstrap),
        "audit_public_key": stack.launch.installation.audit_key,
        "processes": {child.name: child.pid for child in stack.servers.children},
    }
