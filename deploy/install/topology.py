"""Who exists in a group: each site, each service, and what each may touch in Kafka, MongoDB and Vault."""

from dataclasses import dataclass

from shared.events.topics import TOPICS


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


def principals(sites: tuple[str, ...]) -> list[Principal]:
    """Every service's own, the keyrings' own, and two for people's tools.

    The auditor only reads, and opens nothing but the ledger; the operator only handles parked messages.
    """
    found = [principal for site in sites for principal in _of_site(site)]
    found += _of_audit()
    found.append(Principal("portal", ("identity.event",), (), None, (("portal", "readWrite"),)))
    parked = tuple(f"{topic.name}.parked" for topic in TOPICS if topic.parked)
    originals = tuple(topic.name for topic in TOPICS if topic.parked)
    found.append(Principal("operator", originals, parked, "operator"))
    readable = ("audit", keyring_database("audit"), *(name for site in sites for name in (records_database(site), keyring_database(site))))
    found.append(
        Principal("auditor", databases=tuple((name, "read") for name in readable), vault=((f"transit/decrypt/{kek('audit')}", "update"),))
    )
    return found


def _of_site(site: str) -> list[Principal]:
    unwraps = ((f"transit/datakey/plaintext/{kek(site)}", "update"), (f"transit/decrypt/{kek(site)}", "update"))
    topics = ("records.access", "records.change", "records.change.parked")
    return [
        Principal(f"records-{site}", topics, ("records.change",), f"records-{site}", ((records_database(site), "readWrite"),), unwraps),
        Principal(f"keyring-{site}", databases=((keyring_database(site), "readWrite"),)),
    ]


def _of_audit() -> list[Principal]:
    vault = (
        (f"transit/datakey/plaintext/{kek('audit')}", "update"),
        (f"transit/decrypt/{kek('audit')}", "update"),
        (f"transit/sign/{AUDIT_SIGNING_KEY}", "update"),
        (f"transit/keys/{AUDIT_SIGNING_KEY}", "read"),
    )
    reads = ("records.access", "identity.event", "audit.checkpoint")
    return [
        Principal("audit", ("audit.checkpoint", "audit.suspicion"), reads, "audit", (("audit", "readWrite"),), vault),
        Principal("keyring-audit", databases=((keyring_database("audit"), "readWrite"),)),
    ]
