"""Opens what `portal` works with, in the order in which things need each other, and closes it in reverse."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx

from services.portal.begun_sign_ins import BegunSignIns
from services.portal.desk import Desk
from services.portal.group import Group
from services.portal.ledger_activity import LedgerActivity
from services.portal.places import read_places
from services.portal.provider import Provider
from services.portal.sessions import Sessions
from services.portal.settings import PortalSettings
from services.portal.streams import Streams
from services.portal.subscribers import join_subscribers
from services.portal.traces.collected import CollectedTraces
from services.portal.workstations import Workstations
from shared.event_door import EventDoor
from shared.events.topics import IDENTITY_EVENT
from shared.identity import Identities
from shared.kafka import connection_of, open_producer
from shared.mongo import Database, open_mongo
from shared.note_keeping import notes_kept
from shared.notes import Notes
from shared.outbox import Outbox
from shared.parked import ParkedMessages

Ping = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class PortalResources:
    """Everything open, and a ping of what an answer cannot do without; while Kafka is down, notes wait in the outbox."""

    desk: Desk
    door: EventDoor
    pings: Mapping[str, Ping] = field(default_factory=dict)

    @property
    def identities(self) -> Identities:
        return self.desk.identities


@asynccontextmanager
async def open_resources(settings: PortalSettings) -> AsyncIterator[PortalResources]:
    """Waits for Kafka for as long as it takes; the provider and `audit` may come later."""
    async with AsyncExitStack() as stack:
        mongo = await stack.enter_async_context(open_mongo(settings.mongodb_uri.get_secret_value(), driver=settings.mongo_driver))
        database = mongo.database(settings.mongodb_database)
        producer = await open_producer(connection_of(settings), client_id=settings.instance)
        stack.push_async_callback(producer.stop)
        limits = httpx.Limits(max_connections=None)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=5, limits=limits, follow_redirects=False, trust_env=False))
        notes = Notes(IDENTITY_EVENT, source="/portal", about={}, producer=producer, outbox=Outbox(database))
        await stack.enter_async_context(notes_kept(notes, database, instance=settings.instance))
        door = EventDoor(connection_of(settings), group="portal")
        desk = open_desk(settings, database=database, http=http, notes=notes, door=door)
        join_subscribers(door, workstations=desk.workstations)
        await door.start()
        stack.push_async_callback(door.stop)
        yield PortalResources(desk, door, {"mongodb": mongo.ping})


def open_desk(settings: PortalSettings, *, database: Database, http: httpx.AsyncClient, notes: Notes, door: EventDoor) -> Desk:
    return Desk(
        client_id=settings.client_id,
        provider=Provider(http, settings),
        identities=Identities(list(settings.issuers)),
        begun_sign_ins=BegunSignIns(database),
        sessions=Sessions(database),
        workstations=Workstations(database),
        activity=LedgerActivity(http, settings.audit_url),
        group=Group(http, settings.addresses),
        places=read_places(settings.places_file),
        streams=Streams(),
        traces=CollectedTraces(http, settings),
        parked=ParkedMessages(door),
        notes=notes,
    )
