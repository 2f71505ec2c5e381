"""Opens what `notifier` works with, in the order in which things need each other, and closes it in reverse."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from services.notifier.cases.affected import AffectedPatients
from services.notifier.cases.case_store import CaseStore
from services.notifier.cases.clocks import load_clocks
from services.notifier.contacts import load_contacts
from services.notifier.desk import Desk
from services.notifier.messages.courier import Courier, MailServer
from services.notifier.messages.message_sealer import MessageSealer
from services.notifier.messages.message_store import MessageStore
from services.notifier.messages.post_office import PostOffice
from services.notifier.remind_overdue import Deadlines
from services.notifier.reviews.review_store import ReviewStore
from services.notifier.settings import NotifierSettings
from services.notifier.subscribers import join_subscribers
from shared.background import end_tasks, keep_running
from shared.event_door import EventDoor
from shared.events.topics import NOTIFIER_ACCESS, Topic
from shared.identity import Identities
from shared.kafka import Producer, connection_of, open_producer
from shared.keyring import Keyring
from shared.mongo import Mongo, MongoError, open_mongo
from shared.notes import Notes, Presence
from shared.outbox import Outbox, Relay
from shared.vault import Vault, VaultUnavailableError

log = structlog.get_logger("serment.notifier")
SOURCE = "/notifier"


@dataclass(frozen=True, slots=True)
class NotifierResources:
    """Everything open, with a ping each; the mail server has none, for nothing but mails waits for it."""

    settings: NotifierSettings
    desk: Desk
    identities: Identities
    mongo: Mongo
    keyring_mongo: Mongo
    vault: Vault
    door: EventDoor

    def pings(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        return {"mongodb": self.mongo.ping, "keyring": self.keyring_mongo.ping, "vault": self.vault.ping, "kafka": self.door.ping}


@asynccontextmanager
async def open_resources(settings: NotifierSettings) -> AsyncIterator[NotifierResources]:
    """Waits for each outside system for as long as it takes; a wrong file of ours is told at once."""
    async with AsyncExitStack() as stack:
        mongo = _opened(stack, open_mongo(settings.mongodb_uri.get_secret_value(), driver=settings.mongo_driver))
        keyring_mongo = _opened(stack, open_mongo(settings.keyring_uri.get_secret_value(), driver=settings.mongo_driver))
        vault = Vault(settings.vault_address, role_id=settings.vault_role_id, secret_id_file=settings.vault_secret_id_file)
        stack.push_async_callback(vault.close)
        await _until_open("vault", vault.open)
        producer = await open_producer(connection_of(settings), client_id=settings.instance)
        stack.push_async_callback(producer.stop)
        desk = make_desk(settings, mongo, keyring_mongo, vault, producer)
        await _until_open("mongodb", lambda: _ensure_indexes(desk))
        _keep_going(stack, settings, desk)
        door = EventDoor(connection_of(settings), group="notifier")
        join_subscribers(door, desk=desk)
        await door.start()
        stack.push_async_callback(door.stop)
        yield NotifierResources(settings, desk, Identities(list(settings.issuers)), mongo, keyring_mongo, vault, door)


def _opened(stack: AsyncExitStack, mongo: Mongo) -> Mongo:
    stack.push_async_callback(mongo.close)
    return mongo


def make_desk(
    settings: NotifierSettings, mongo: Mongo, keyring_mongo: Mongo, vault: Vault, producer: Producer, *, topic: Topic = NOTIFIER_ACCESS
) -> Desk:
    """Raises ContactsUnreadableError or ClocksUnreadableError. Tests note on a topic of their own."""
    database = mongo.database(settings.mongodb_database)
    keyring = Keyring(keyring_mongo.database(settings.keyring_database), vault=vault, kek=settings.kek, site=settings.group)
    return Desk(
        mongo=mongo,
        cases=CaseStore(database),
        affected=AffectedPatients(database),
        reviews=ReviewStore(database),
        messages=MessageStore(database, sender=settings.mail_from),
        sealer=MessageSealer(keyring, group=settings.group),
        contacts=load_contacts(settings.contacts_file),
        clock_rules=load_clocks(),
        notes=Notes(topic, source=SOURCE, about={}, producer=producer, outbox=Outbox(database)),
        portal=settings.portal_url.rstrip("/"),
        database=database,
    )


def make_post_office(settings: NotifierSettings, desk: Desk) -> PostOffice:
    password = settings.smtp_password
    server = MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.mail_from,
        patience=settings.smtp_patience,
        ca=settings.smtp_tls_ca,
        username=settings.smtp_username,
        password=password.get_secret_value() if password else None,
    )
    return PostOffice(
        desk.messages, courier=Courier(server), contacts=desk.contacts, sender=settings.mail_from, lease=settings.sending_lease
    )


def _keep_going(stack: AsyncExitStack, settings: NotifierSettings, desk: Desk) -> None:
    """The tasks that run beside the answers: relay, heartbeat, mails, deadlines."""
    notes = desk.notes
    relay = Relay(notes.outbox, producer=notes.producer, owner=notes.incarnation, relayed=notes.relayed)
    presence = Presence(desk.database, notes=notes, relay=relay, instance=settings.instance)
    deadlines = Deadlines(desk, pause=settings.deadline_pause)
    tasks = [keep_running(run) for run in (relay.run, presence.run, make_post_office(settings, desk).run, deadlines.run)]
    stack.push_async_callback(_leave, tasks, presence)


async def _leave(tasks: list["asyncio.Task[None]"], presence: Presence) -> None:
    """After the last answer; what Kafka or the mail server do not take now waits in MongoDB."""
    await end_tasks(tasks)
    with contextlib.suppress(Exception):
        async with asyncio.timeout(5):
            await presence.leave()


async def _ensure_indexes(desk: Desk) -> None:
    await desk.cases.ensure_indexes()
    await desk.reviews.ensure_indexes()
    await desk.messages.ensure_indexes()


async def _until_open(what: str, opening: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await opening()
        except (VaultUnavailableError, MongoError) as error:
            log.warning("notifier.waiting", needs=what, error=type(error).__name__)
            await asyncio.sleep(1)
        else:
            return
