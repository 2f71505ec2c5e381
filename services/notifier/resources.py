"""Opens what `notifier` works with, in the order in which things need each other, and closes it in reverse."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from services.notifier.cases.affected import AffectedPatients
from services.notifier.cases.case_store import CaseStore
from services.notifier.cases.clocks import load_clocks
from services.notifier.contacts import load_contacts
from services.notifier.desk import Desk
from services.notifier.due_things import DueThings
from services.notifier.messages.courier import Courier, MailServer
from services.notifier.messages.message_sealer import MessageSealer
from services.notifier.messages.message_store import MessageStore
from services.notifier.messages.post_office import PostOffice
from services.notifier.remind_overdue import Deadlines
from services.notifier.requests.deadlines import load_rules
from services.notifier.requests.request_sealer import RequestSealer
from services.notifier.requests.request_store import RequestStore
from services.notifier.reviews.review_store import ReviewStore
from services.notifier.settings import NotifierSettings
from services.notifier.subscribers import join_subscribers
from shared.background import end_tasks, keep_running
from shared.event_door import EventDoor
from shared.events.topics import NOTIFIER_ACCESS, Topic
from shared.identity import Identities
from shared.kafka import Producer, connection_of, open_producer
from shared.keyring import Keyring
from shared.mongo import Mongo, open_mongo
from shared.note_keeping import notes_kept
from shared.notes import Notes
from shared.outbox import Outbox
from shared.vault import Vault
from shared.waiting import until_done

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
        mongo = await stack.enter_async_context(open_mongo(settings.mongodb_uri.get_secret_value(), driver=settings.mongo_driver))
        keyring_mongo = await stack.enter_async_context(open_mongo(settings.keyring_uri.get_secret_value(), driver=settings.mongo_driver))
        vault = Vault(settings.vault_address, role_id=settings.vault_role_id, secret_id_file=settings.vault_secret_id_file)
        stack.push_async_callback(vault.close)
        await until_done(vault.open, said="notifier.waiting", needs="vault")
        producer = await open_producer(connection_of(settings), client_id=settings.instance)
        stack.push_async_callback(producer.stop)
        desk = make_desk(settings, mongo, keyring_mongo, vault, producer)
        await until_done(lambda: _ensure_indexes(desk), said="notifier.waiting", needs="mongodb")
        await stack.enter_async_context(notes_kept(desk.notes, desk.database, instance=settings.instance))
        deadlines = Deadlines(desk, pause=settings.deadline_pause)
        stack.push_async_callback(end_tasks, [keep_running(run) for run in (make_post_office(settings, desk).run, deadlines.run)])
        door = EventDoor(connection_of(settings), group="notifier")
        join_subscribers(door, desk=desk)
        await door.start()
        stack.push_async_callback(door.stop)
        yield NotifierResources(settings, desk, Identities(list(settings.issuers)), mongo, keyring_mongo, vault, door)


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
        requests=RequestStore(database),
        request_sealer=RequestSealer(keyring, group=settings.group),
        due=DueThings(database),
        request_rules=load_rules(),
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


async def _ensure_indexes(desk: Desk) -> None:
    await desk.cases.ensure_indexes()
    await desk.reviews.ensure_indexes()
    await desk.requests.ensure_indexes()
    await desk.messages.ensure_indexes()
