"""Opens what `records` works with, in the order in which things need each other, and closes it in reverse."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp
import structlog

from services.records.desk import Desk
from services.records.emergency.end_emergencies import Endings
from services.records.emergency.grants import Grants
from services.records.emergency.open_emergency import Terms
from services.records.enforcing.consent_registry import ConsentRegistry
from services.records.enforcing.enforcement import Enforcement
from services.records.erasing.erase_chart import Eraser, resume_erasures
from services.records.erasing.erasures import Erasures
from services.records.erasing.forbidding import Forbidding
from services.records.knowing.affiliations import Affiliations
from services.records.knowing.blind_index import BlindIndex
from services.records.knowing.chart_headers import ChartHeaders
from services.records.knowing.identifiers import Identifiers
from services.records.knowing.standings import Standings
from services.records.record_store import RecordStore
from services.records.sealer import Sealer
from services.records.settings import RecordsSettings
from services.records.subscribers import join_subscribers
from shared.background import end_tasks, keep_running
from shared.errors import AnticipatedError
from shared.event_door import EventDoor
from shared.events.topics import RECORDS_ACCESS
from shared.identity import Identities
from shared.kafka import Producer, connection_of, open_producer
from shared.keyring import Keyring
from shared.mongo import Database, Mongo, MongoError, open_mongo
from shared.note_keeping import notes_kept
from shared.notes import Notes
from shared.outbox import Outbox
from shared.vault import Vault, VaultUnavailableError
from shared.waiting import until_done

log = structlog.get_logger("serment.records")
_RESUMED_EVERY = 60.0
_KEPT_ALIVE = 2.0
"""Seconds; shorter than any server keeps an idle connection, so that none is used in the moment of its end."""


@dataclass(frozen=True, slots=True)
class RecordsResources:
    """Everything open, with a ping each."""

    settings: RecordsSettings
    desk: Desk
    eraser: Eraser
    emergency_terms: Terms
    identities: Identities
    mongo: Mongo
    keyring_mongo: Mongo
    vault: Vault
    door: EventDoor

    def pings(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        return {"mongodb": self.mongo.ping, "keyring": self.keyring_mongo.ping, "vault": self.vault.ping, "kafka": self.door.ping}


@asynccontextmanager
async def open_resources(settings: RecordsSettings) -> AsyncIterator[RecordsResources]:
    """Waits for each outside system for as long as it takes; health tells that the service is not ready meanwhile."""
    async with AsyncExitStack() as stack:
        mongo = await stack.enter_async_context(open_mongo(settings.mongodb_uri.get_secret_value(), driver=settings.mongo_driver))
        keyring_mongo = await stack.enter_async_context(open_mongo(settings.keyring_uri.get_secret_value(), driver=settings.mongo_driver))
        vault = Vault(settings.vault_address, role_id=settings.vault_role_id, secret_id_file=settings.vault_secret_id_file)
        stack.push_async_callback(vault.close)
        await until_done(vault.open, said="records.not-ready", needs="vault")
        producer = await open_producer(connection_of(settings), client_id=settings.instance)
        stack.push_async_callback(producer.stop)
        has = await _assemble(stack, settings, mongo, keyring_mongo, vault, producer)
        await has.door.start()
        stack.push_async_callback(has.door.stop)
        resuming = keep_running(lambda: _resume_erasures(has))
        stack.push_async_callback(end_tasks, [resuming])
        yield has


async def _resume_erasures(has: "RecordsResources") -> None:
    """Until cancelled: at start what a killed process had begun, later what `consent` kept waiting."""
    while True:
        try:
            await resume_erasures(eraser=has.eraser, desk=has.desk)
        except (AnticipatedError, MongoError, VaultUnavailableError) as error:
            log.warning("records.erasures-wait", error=type(error).__name__)
        await asyncio.sleep(_RESUMED_EVERY)


async def _assemble(
    stack: AsyncExitStack, settings: RecordsSettings, mongo: Mongo, keyring_mongo: Mongo, vault: Vault, producer: Producer
) -> RecordsResources:
    database = mongo.database(settings.mongodb_database)
    keyring = Keyring(keyring_mongo.database(settings.keyring_database), vault=vault, kek=settings.kek, site=settings.site)
    sealer = Sealer(keyring, site=settings.site)
    headers = ChartHeaders(database, sealer=sealer, care_lasts=settings.care_lasts)
    affiliations = Affiliations(database)
    outbox = Outbox(database)
    notes = Notes(RECORDS_ACCESS, source=f"/records/{settings.site}", about={"site": settings.site}, producer=producer, outbox=outbox)
    standings = Standings(connection_of(settings), silence_bound=settings.standings_silence_bound)
    connector = aiohttp.TCPConnector(keepalive_timeout=_KEPT_ALIVE)
    consent = await stack.enter_async_context(aiohttp.ClientSession(connector=connector, trust_env=False))
    secret = settings.enforcement_secret.get_secret_value()
    enforcement = _open_enforcement(settings, consent, secret, producer)
    desk = Desk(
        site=settings.site,
        mongo=mongo,
        store=RecordStore(database),
        headers=headers,
        affiliations=affiliations,
        identifiers=Identifiers(database, sealer=sealer),
        patients=BlindIndex(database, "patient_index", leads_to="patient", sealer=sealer),
        grants=Grants(database),
        standings=standings,
        enforcement=enforcement,
        sealer=sealer,
        notes=notes,
        care_lasts=settings.care_lasts,
        states_refusals=settings.refusals == "stated",
        training_url=settings.training_url,
    )
    await _keep_going(stack, settings, database, desk, affiliations)
    door = EventDoor(connection_of(settings), group=f"records-{settings.instance}")
    join_subscribers(door, headers=headers, grants=desk.grants, keyring=keyring, site=settings.site)
    forbidding = Forbidding(consent, settings.consent_url, secret=secret, site=settings.site)
    eraser, terms = Eraser(Erasures(database), keyring, forbidding), Terms(settings.emergency_lasts, settings.emergency_review_within)
    return RecordsResources(settings, desk, eraser, terms, Identities(list(settings.issuers)), mongo, keyring_mongo, vault, door)


def _open_enforcement(settings: RecordsSettings, http: aiohttp.ClientSession, secret: str, producer: Producer) -> Enforcement:
    registry = ConsentRegistry(http, settings.consent_url, secret=secret)
    return Enforcement(registry=registry, connection=connection_of(settings), producer=producer, source=f"/records/{settings.site}")


async def _keep_going(stack: AsyncExitStack, settings: RecordsSettings, database: Database, desk: Desk, affiliations: Affiliations) -> None:
    """The tasks that run beside the answers; the word that this incarnation leaves comes before any of them ends."""
    relay = await stack.enter_async_context(notes_kept(desk.notes, database, instance=settings.instance))
    await until_done(affiliations.load, said="records.not-ready", needs="mongodb")
    enforcement = desk.enforcement
    known = (affiliations.run, desk.standings.run, enforcement.hear, enforcement.state, enforcement.renew)
    stack.push_async_callback(end_tasks, [keep_running(run) for run in (*known, Endings(desk, relay=relay).run)])
    stack.push_async_callback(enforcement.leave)
    log.info("records.waits-for-its-first-lease")
    await enforcement.leased()
