"""Opens what `governance` works with, in the order in which things need each other, and closes it in reverse."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import structlog

from services.governance.module_shelf import ModuleShelf
from services.governance.refusals import OvertakenError
from services.governance.reminder_store import ReminderStore
from services.governance.settings import GovernanceSettings
from services.governance.staff_file import Listed
from services.governance.staff_store import StaffStore
from services.governance.stating import Heartbeat, Restating
from services.governance.take_up_staff import take_up_staff
from services.governance.workstation_store import WorkstationStore
from shared.background import end_tasks, keep_running
from shared.clock import utc_now
from shared.http import Ping
from shared.identity import Identities
from shared.kafka import Producer, connection_of, open_producer
from shared.mongo import MongoError, open_mongo
from shared.outbox import Outbox, Relay
from shared.waiting import until_done

log = structlog.get_logger("serment.governance")


@dataclass(frozen=True, slots=True)
class GovernanceResources:
    """Everything open, and a ping of what an answer cannot do without; while Kafka is down, standings wait in the outbox."""

    identities: Identities
    staff: StaffStore
    modules: ModuleShelf
    reminders: ReminderStore
    workstations: WorkstationStore
    outbox: Outbox
    pings: Mapping[str, Ping] = field(default_factory=dict)
    naming_sites: AbstractSet[str] = frozenset()


@asynccontextmanager
async def open_resources(
    settings: GovernanceSettings, *, modules: ModuleShelf, listed: Sequence[Listed]
) -> AsyncIterator[GovernanceResources]:
    """Waits for Kafka and MongoDB for as long as it takes; the staff list is taken up before the first answer."""
    async with AsyncExitStack() as stack:
        mongo = await stack.enter_async_context(open_mongo(settings.mongodb_uri.get_secret_value(), driver=settings.mongo_driver))
        producer = await open_producer(connection_of(settings), client_id=settings.instance)
        stack.push_async_callback(producer.stop)
        database = mongo.database(settings.mongodb_database)
        outbox = Outbox(database)
        staff = StaffStore(mongo, database, outbox)
        await until_done(
            lambda: take_up_staff(listed, now=utc_now(), staff=staff, modules=modules),
            said="governance.waiting",
            needs="mongodb",
            passing=(MongoError, OvertakenError),
        )
        stack.push_async_callback(end_tasks, _keep_going(settings, staff, outbox, producer))
        reminders, workstations = ReminderStore(mongo, database, outbox), WorkstationStore(mongo, database, outbox)
        pings = {"mongodb": mongo.ping}
        identities, sites = Identities(list(settings.issuers)), settings.naming_sites
        yield GovernanceResources(identities, staff, modules, reminders, workstations, outbox, pings, sites)


def _keep_going(settings: GovernanceSettings, staff: StaffStore, outbox: Outbox, producer: Producer) -> list["asyncio.Task[None]"]:
    """The tasks that run beside the answers: relay, heartbeat, restating."""
    relay = Relay(outbox, producer=producer, owner=settings.instance, relayed=lambda _topic: None)
    heartbeat = Heartbeat(outbox, producer=producer, pause=settings.heartbeat_pause)
    restating = Restating(staff, pause=settings.restating_pause)
    return [keep_running(run) for run in (relay.run, restating.run, heartbeat.run)]
