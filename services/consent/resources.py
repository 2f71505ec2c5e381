"""Opens what `consent` works with, in the order in which things need each other, and closes it in reverse."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from prometheus_client import Gauge

from services.consent.consent_store import ConsentStore
from services.consent.desk import Desk
from services.consent.enforcing.fence import Fence
from services.consent.enforcing.hear_positions import hear_positions
from services.consent.enforcing.positions import Positions
from services.consent.enforcing.remove_lapsed import Lapsing, remove_lapsed
from services.consent.sealer import ConsentSealer
from services.consent.settings import ConsentSettings
from shared.background import end_tasks, keep_running
from shared.elapsed import read_clocks
from shared.events.topics import CONSENT_ACCESS
from shared.identity import Identities
from shared.kafka import Producer, connection_of, open_producer
from shared.keyring import Keyring
from shared.mongo import Database, Mongo, MongoError, open_mongo
from shared.notes import Notes, Presence
from shared.outbox import Outbox, Relay
from shared.vault import Vault, VaultUnavailableError

log = structlog.get_logger("serment.consent")
_LOOKS_EVERY = 2.0
_MEMBERS = Gauge("serment_consent_members", "Incarnations that may hold a lease.")
_HEAD = Gauge("serment_consent_head", "The group's sequence: the number of the newest directive.")


@dataclass(frozen=True, slots=True)
class ConsentResources:
    """Everything open, with a ping each."""

    settings: ConsentSettings
    desk: Desk
    identities: Identities
    mongo: Mongo
    keyring_mongo: Mongo
    vault: Vault

    def pings(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        return {"mongodb": self.mongo.ping, "keyring": self.keyring_mongo.ping, "vault": self.vault.ping}


@asynccontextmanager
async def open_resources(settings: ConsentSettings) -> AsyncIterator[ConsentResources]:
    """Waits for each outside system for as long as it takes."""
    async with AsyncExitStack() as stack:
        mongo = _opened(stack, open_mongo(settings.mongodb_uri.get_secret_value(), driver=settings.mongo_driver))
        keyring_mongo = _opened(stack, open_mongo(settings.keyring_uri.get_secret_value(), driver=settings.mongo_driver))
        vault = Vault(settings.vault_address, role_id=settings.vault_role_id, secret_id_file=settings.vault_secret_id_file)
        stack.push_async_callback(vault.close)
        await _until_open(vault.open)
        producer = await open_producer(connection_of(settings), client_id=settings.instance)
        stack.push_async_callback(producer.stop)
        desk = _open_desk(settings, mongo, keyring_mongo, vault, producer)
        await _until_open(desk.fence.prepare)
        await _until_open(desk.store.prepare)
        _keep_going(stack, settings, mongo.database(settings.mongodb_database), desk)
        yield ConsentResources(settings, desk, Identities(list(settings.issuers)), mongo, keyring_mongo, vault)


def _opened(stack: AsyncExitStack, mongo: Mongo) -> Mongo:
    stack.push_async_callback(mongo.close)
    return mongo


def _open_desk(settings: ConsentSettings, mongo: Mongo, keyring_mongo: Mongo, vault: Vault, producer: Producer) -> Desk:
    database = mongo.database(settings.mongodb_database)
    keyring = Keyring(keyring_mongo.database(settings.keyring_database), vault=vault, kek=settings.kek, site=settings.group)
    sealer = ConsentSealer(keyring, group=settings.group)
    return Desk(
        store=ConsentStore(database, sealer=sealer),
        sealer=sealer,
        fence=Fence(mongo, database),
        positions=Positions(),
        notes=Notes(CONSENT_ACCESS, source="/consent", about={}, producer=producer, outbox=Outbox(database)),
        lease=settings.lease.total_seconds(),
        clocks=read_clocks,
    )


def _keep_going(stack: AsyncExitStack, settings: ConsentSettings, database: Database, desk: Desk) -> None:
    """The tasks that run beside the answers: relay, heartbeat, hearing positions, removing whoever lapsed."""
    notes, connection = desk.notes, connection_of(settings)
    relay = Relay(notes.outbox, producer=notes.producer, owner=notes.incarnation, relayed=notes.relayed)
    presence = Presence(database, notes=notes, relay=relay, instance=settings.instance)

    async def hear() -> None:
        await hear_positions(connection=connection, positions=desk.positions, fence=desk.fence)

    tasks = [keep_running(run) for run in (relay.run, presence.run, hear, lambda: _keep_members_true(desk))]
    stack.push_async_callback(_leave, tasks, presence)


async def _keep_members_true(desk: Desk) -> None:
    """Until cancelled; several processes may do it at once."""
    lapsing = Lapsing()
    while True:
        try:
            for gone in await remove_lapsed(lapsing, fence=desk.fence, lease=desk.lease, clocks=desk.clocks):
                log.warning("consent.member-lapsed", incarnation=gone)
            state = await desk.fence.state()
            _MEMBERS.set(len(state.members))
            _HEAD.set(state.head)
        except MongoError as error:
            log.warning("consent.members-not-seen", error=type(error).__name__)
        await asyncio.sleep(_LOOKS_EVERY)


async def _leave(tasks: "list[asyncio.Task[None]]", presence: Presence) -> None:
    """After the last answer; what Kafka does not take now waits in the outbox."""
    await end_tasks(tasks)
    with contextlib.suppress(Exception):
        async with asyncio.timeout(5):
            await presence.leave()


async def _until_open(opening: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await opening()
        except (VaultUnavailableError, MongoError) as error:
            log.warning("consent.waiting", error=type(error).__name__)
            await asyncio.sleep(1)
        else:
            return
