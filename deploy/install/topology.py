"""Who exists in a group: each site, each service, and what each may touch in Kafka, MongoDB and Vault."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """One identity: a name in all three systems. `databases` pairs a database with a role, `vault` a path with capabilities."""

    name: str
    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    groups: str | None = None
    databases: tuple[tuple[str, str], ...] = ()
    vault: tuple[tuple[str, str], ...] = ()


def records_database(site: str) -> str:
    return f"records_{site}"


def keyring_database(owner: str) -> str:
    return f"keyring_{owner}"


def kek(owner: str) -> str:
    return f"kek-{owner}"


AUDIT_SIGNING_KEY = "audit-log"

SEALING_SERVICES = ("audit", "consent", "notifier")
"""Services of the group with a keyring and a key-encryption key of their own."""


def principals(sites: tuple[str, ...]) -> list[Principal]:
    """Every service's own, the keyrings' own, and the auditor's, who only reads, and opens nothing but the ledger."""
    found = [principal for site in sites for principal in _of_site(site)]
    found += [*_of_audit(), *_of_consent(), *_of_notifier()]
    found.append(Principal("governance", ("governance.change", "governance.standing"), (), None, (("governance", "readWrite"),)))
    found.append(_portal())
    own = [name for service in SEALING_SERVICES for name in (service, keyring_database(service))]
    readable = (*own, *(name for site in sites for name in (records_database(site), keyring_database(site))))
    found.append(
        Principal("auditor", databases=tuple((name, "read") for name in readable), vault=((f"transit/decrypt/{kek('audit')}", "update"),))
    )
    return found


def _of_site(site: str) -> list[Principal]:
    topics = ("records.access", "records.change", "records.change.parked", "enforcement.position")
    reads = ("records.change", "records.change.parked", "consent.directive", "governance.standing")
    return [
        Principal(f"records-{site}", topics, reads, f"records-{site}", ((records_database(site), "readWrite"),), _unwraps(site)),
        Principal(f"keyring-{site}", databases=((keyring_database(site), "readWrite"),)),
    ]


def _of_audit() -> list[Principal]:
    vault = (
        *_unwraps("audit"),
        (f"transit/sign/{AUDIT_SIGNING_KEY}", "update"),
        (f"transit/keys/{AUDIT_SIGNING_KEY}", "read"),
    )
    logs = ("records.access", "consent.access", "notifier.access", "audit.access", "identity.event")
    reads = (*logs, "audit.checkpoint", "notifier.change", "notifier.change.parked")
    writes = ("audit.access", "audit.checkpoint", "audit.suspicion", "notifier.change.parked")
    return [
        Principal("audit", writes, reads, "audit", (("audit", "readWrite"),), vault),
        Principal("keyring-audit", databases=((keyring_database("audit"), "readWrite"),)),
    ]


def _of_consent() -> list[Principal]:
    writes = ("consent.access", "consent.directive")
    return [
        Principal("consent", writes, ("consent.directive", "enforcement.position"), None, (("consent", "readWrite"),), _unwraps("consent")),
        Principal("keyring-consent", databases=((keyring_database("consent"), "readWrite"),)),
    ]


def _of_notifier() -> list[Principal]:
    writes = ("notifier.access", "notifier.change", "audit.suspicion.parked", "governance.change.parked", "records.change.parked")
    read = ("audit.suspicion", "governance.change", "records.change")
    reads = (*read, *(f"{topic}.parked" for topic in read))
    return [
        Principal("notifier", writes, reads, "notifier", (("notifier", "readWrite"),), _unwraps("notifier")),
        Principal("keyring-notifier", databases=((keyring_database("notifier"), "readWrite"),)),
    ]


def _portal() -> Principal:
    writes, reads = ("identity.event", "governance.change.parked"), ("governance.change", "governance.change.parked")
    return Principal("portal", writes, reads, "portal", (("portal", "readWrite"),))


def _unwraps(owner: str) -> tuple[tuple[str, str], ...]:
    return ((f"transit/datakey/plaintext/{kek(owner)}", "update"), (f"transit/decrypt/{kek(owner)}", "update"))
