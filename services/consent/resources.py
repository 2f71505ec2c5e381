"""Opens what `consent` works with, in the order in which things need each other, and closes it in reverse."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from aiokafka.errors import KafkaError
from prometheus_client import Gauge

from services.consent.consent_store import ConsentStore
from services.consent.desk import Desk
from services.consent.enforcing.fence import Fence
from services.consent.enforcing.hear_positions import hear_positions
from services.consent.enforcing.positions import Positions
from services.consent.enforcing.remove_lapsed import Lapsing, remove_lapsed
from services.consent.restoring.bring_back import bring_back
from services.consent.restoring.published import PublishedDirectives
from services.consent.sealer import ConsentSealer, KeysUnavailableError
from services.consent.settings import ConsentSettings
from shared.background import end_tasks, keep_running
from shared.elapsed import read_clocks
from shared.events.topics import CONSENT_ACCESS
from shared.identity import Identities
from shared.kafka import Producer, connection_of, open_producer
from shared.keyring import Keyring
from shared.mongo import Mongo, open_mongo
from shared.note_keeping import notes_kept
from shared.notes import Notes
from shared.outbox import Outbox
from shared.vault import Vault
from shared.waiting import PASSING, until_done

log = structlog.get_logger("serment.consent")
_LOOKS_EVERY = 2.0
_PASSING = (*PASSING, KafkaError, KeysUnavailableError)
_MEMBERS = Gauge("serment_consent_members", "Incarnations that may hold a lease.")
_HEAD = Gauge("serment_consent_head", "The group's sequence: the number of the newest directive.")


@dataclass(frozen=True, slots=True)
class ConsentResources:
    """Everything open, with a ping each."""

    settings: ConsentSettings
    desk: Desk
    lapsing: Lapsing
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
        mongo = await stack.enter_async_context(open_mongo(settings.mongodb_uri.get_secret_value(), driver=settings.mongo_driver))
        keyring_mongo = await stack.enter_async_context(open_mongo(settings.keyring_uri.get_secret_value(), driver=settings.mongo_driver))
        vault = Vault(settings.vault_address, role_id=settings.vault_role_id, secret_id_file=settings.vault_secret_id_file)
        stack.push_async_callback(vault.close)
        await until_done(vault.open, said="consent.waiting", needs="vault")
        producer = await open_producer(connection_of(settings), client_id=settings.instance)
        stack.push_async_callback(producer.stop)
        desk = _open_desk(settings, mongo, keyring_mongo, vault, producer)
        await until_done(desk.fence.prepare, said="consent.waiting", needs="mongodb")
        await until_done(desk.store.prepare, said="consent.waiting", needs="mongodb")
        published = PublishedDirectives(connection_of(settings))
        await until_done(lambda: bring_back(desk=desk, published=published), said="consent.waiting", needs="restored", passing=_PASSING)
        await stack.enter_async_context(notes_kept(desk.notes, mongo.database(settings.mongodb_database), instance=settings.instance))
        lapsing = Lapsing()
        stack.push_async_callback(end_tasks, _keep_going(settings, desk, published, lapsing))
        yield ConsentResources(settings, desk, lapsing, Identities(list(settings.issuers)), mongo, keyring_mongo, vault)


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


def _keep_going(settings: ConsentSettings, desk: Desk, published: PublishedDirectives, lapsing: Lapsing) -> "list[asyncio.Task[None]]":
    """The tasks that run beside the answers: hearing positions, removing whoever lapsed."""

    async def hear() -> None:
        await hear_positions(connection=connection_of(settings), positions=desk.positions, fence=desk.fence)

    async def keep_members_true() -> None:
        await _keep_members_true(desk, published, lapsing)

    return [keep_running(run) for run in (hear, keep_members_true)]


async def _keep_members_true(desk: Desk, published: PublishedDirectives, lapsing: Lapsing) -> None:
    """Until cancelled; several processes may do it at once."""
    while True:
        try:
            for gone in await remove_lapsed(lapsing, fence=desk.fence, lease=desk.lease, clocks=desk.clocks):
                log.warning("consent.member-lapsed", incarnation=gone)
            state = await desk.fence.state()
            if state.is_behind:
                await bring_back(desk=desk, published=published)
            _MEMBERS.set(len(state.members))
            _HEAD.set(state.head)
        except _PASSING as error:
            log.warning("consent.members-not-seen", error=type(error).__name__)
        await asyncio.sleep(_LOOKS_EVERY)
