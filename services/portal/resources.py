"""Opens what `portal` works with, in the order in which things need each other, and closes it in reverse."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx

from services.portal.begun_sign_ins import BegunSignIns
from services.portal.desk import Desk
from services.portal.ledger_activity import LedgerActivity
from services.portal.provider import Provider
from services.portal.sessions import Sessions
from services.portal.settings import PortalSettings
from services.portal.streams import Streams
from shared.background import end_tasks, keep_running
from shared.events.topics import IDENTITY_EVENT
from shared.identity import Identities
from shared.kafka import connection_of, open_producer
from shared.mongo import Database, open_mongo
from shared.notes import Notes, Presence
from shared.outbox import Outbox, Relay

Ping = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class PortalResources:
    """Everything open, and a ping of what an answer cannot do without; while Kafka is down, notes wait in the outbox."""

    desk: Desk
    pings: Mapping[str, Ping] = field(default_factory=dict)


@asynccontextmanager
async def open_resources(settings: PortalSettings) -> AsyncIterator[PortalResources]:
    """Waits for Kafka for as long as it takes; the provider and `audit` may come later."""
    async with AsyncExitStack() as stack:
        mongo = open_mongo(settings.mongodb_uri.get_secret_value(), driver=settings.mongo_driver)
        stack.push_async_callback(mongo.close)
        database = mongo.database(settings.mongodb_database)
        producer = await open_producer(connection_of(settings), client_id=settings.instance)
        stack.push_async_callback(producer.stop)
        limits = httpx.Limits(max_connections=None)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=5, limits=limits, follow_redirects=False, trust_env=False))
        notes = Notes(IDENTITY_EVENT, source="/portal", about={}, producer=producer, outbox=Outbox(database))
        _keep_going(stack, settings, database, notes)
        yield PortalResources(open_desk(settings, database=database, http=http, notes=notes), {"mongodb": mongo.ping})


def open_desk(settings: PortalSettings, *, database: Database, http: httpx.AsyncClient, notes: Notes) -> Desk:
    return Desk(
        client_id=settings.client_id,
        provider=Provider(http, settings),
        identities=Identities(list(settings.issuers)),
        begun_sign_ins=BegunSignIns(database),
        sessions=Sessions(database),
        activity=LedgerActivity(http, settings.audit_url),
        streams=Streams(),
        notes=notes,
    )


def _keep_going(stack: AsyncExitStack, settings: PortalSettings, database: Database, notes: Notes) -> None:
    """The tasks that run beside the answers: relay and heartbeat."""
    relay = Relay(notes.outbox, producer=notes.producer, owner=notes.incarnation, relayed=notes.relayed)
    presence = Presence(database, notes=notes, relay=relay, instance=settings.instance)
    tasks = [keep_running(run) for run in (relay.run, presence.run)]
    stack.push_async_callback(_leave, tasks, presence)


async def _leave(tasks: list["asyncio.Task[None]"], presence: Presence) -> None:
    """After the last answer; what Kafka does not take now waits in the outbox."""
    await end_tasks(tasks)
    with contextlib.suppress(Exception):
        async with asyncio.timeout(5):
            await presence.leave()
