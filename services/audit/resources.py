"""Opens what `audit` works with, in the order in which it is needed, and closes it again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer

from services.audit.affected.affected_store import AffectedStore
from services.audit.affected.end_of_log import end_of_log
from services.audit.affected.find_affected import AffectedDesk
from services.audit.checkpoint_store import CheckpointStore
from services.audit.detecting.detect import DetectionDesk
from services.audit.detecting.detection_loop import DetectionLoop
from services.audit.detecting.load_rules import SHIPPED, load_rules
from services.audit.detecting.positions import Positions
from services.audit.detecting.refused_rule import RulesRefusedError
from services.audit.detecting.rule import RuleBook
from services.audit.entry_sealer import EntrySealer
from services.audit.ledger_store import LedgerStore
from services.audit.model import LOGGED_TOPICS, Log
from services.audit.progress import Progress
from services.audit.reading.reading_desk import ReadingDesk
from services.audit.sequencing.log_door import LogDoor
from services.audit.sequencing.sequence_notes import Ledger
from services.audit.sequencing.sequencer import Pace, Sequencer
from services.audit.settings import AuditSettings
from services.audit.signing.checkpoint_signer import CheckpointSigner
from services.audit.signing.sign_checkpoint import SigningDesk
from services.audit.signing.signing_loop import SigningLoop
from services.audit.subscribers import join_subscribers
from services.audit.suspicions import Suspicions
from services.audit.tile_store import TileStore
from services.audit.topic_ids import TopicIds
from shared.event_door import EventDoor
from shared.events.topics import AUDIT_ACCESS, RECORDS_ACCESS
from shared.http import Ping
from shared.identity import Identities
from shared.kafka import KafkaConnection, connection_of, open_producer
from shared.keyring import Keyring
from shared.mongo import Mongo, open_mongo
from shared.notes import Notes
from shared.outbox import Outbox
from shared.vault import Vault
from shared.waiting import until_done

Loop = Callable[[], Coroutine[Any, Any, None]]
log = structlog.get_logger("serment.audit")


@dataclass(frozen=True, slots=True)
class AuditResources:
    """Tests make one with their own things under the same names."""

    settings: AuditSettings
    mongo: Mongo
    keyring_mongo: Mongo
    vault: Vault
    connection: KafkaConnection
    producer: AIOKafkaProducer
    outbox: Outbox
    notes: Notes
    topic_ids: TopicIds
    identities: Identities
    store: LedgerStore
    tiles: TileStore
    checkpoints: CheckpointStore
    suspicions: Suspicions
    sealer: EntrySealer
    signer: CheckpointSigner
    rules: RuleBook
    positions: Positions
    affected: AffectedStore
    door: EventDoor
    logs: Mapping[str, Progress]

    def loops(self) -> dict[str, Loop]:
        """What runs as long as the process does, by name; the relay runs with the process's own notes."""
        running: dict[str, Loop] = {}
        for topic, progress in self.logs.items():
            running[f"sequencer/{topic}"] = self._sequencer(progress).run
            running[f"signing/{topic}"] = self._signing(progress).run
        if RECORDS_ACCESS.name in self.logs:
            running["detection"] = self.detection(self.logs[RECORDS_ACCESS.name].log).run
            running["affected"] = self._answer_cases
        return running

    def detection(self, log: Log) -> DetectionLoop:
        return DetectionLoop(DetectionDesk(log, self.rules, self.suspicions, self.positions), connection=self.connection)

    def affected_desk(self) -> AffectedDesk:
        logs = {topic: progress.log for topic, progress in self.logs.items()}
        return AffectedDesk(logs, self.store, self.sealer, self.affected, lambda topic: end_of_log(self.connection, topic))

    def reading_desk(self) -> ReadingDesk:
        return ReadingDesk(self.store, self.sealer, self.notes, self.settings.naming_sites)

    async def _answer_cases(self) -> None:
        """Until cancelled."""
        try:
            await self.door.start()
            await asyncio.Event().wait()
        finally:
            await self.door.stop()

    def _sequencer(self, progress: Progress) -> Sequencer:
        ledger = Ledger(progress.log, self.store, self.sealer)
        pace = Pace(self.settings.largest_batch, self.settings.gathering_pause, self.settings.silence_bound)
        door = LogDoor(self.connection, self.topic_ids)
        return Sequencer(ledger, tiles=self.tiles, suspicions=self.suspicions, door=door, progress=progress, pace=pace)

    def _signing(self, progress: Progress) -> SigningLoop:
        desk = SigningDesk(progress.log, self.store, self.tiles, self.checkpoints, self.signer, self.suspicions)
        return SigningLoop(desk, connection=self.connection, progress=progress, pause=self.settings.signing_pause)

    def pings(self) -> dict[str, Ping]:
        stores: dict[str, Ping] = {
            "mongodb": self.mongo.ping,
            "keyring": self.keyring_mongo.ping,
            "vault": self.vault.ping,
            "kafka": self._ping_kafka,
        }
        return stores | {f"log/{topic}": progress.ping for topic, progress in self.logs.items()}

    async def _ping_kafka(self) -> None:
        await self.topic_ids.of(next(iter(self.logs)))


@asynccontextmanager
async def open_resources(settings: AuditSettings) -> AsyncIterator[AuditResources]:
    """Waits for what is not there yet; whatever was opened is closed. Raises RulesRefusedError."""
    rules = _load_rules(settings)
    mongo = open_mongo(settings.mongodb_uri.get_secret_value(), driver=settings.mongo_driver)
    keyring_mongo = open_mongo(settings.keyring_uri.get_secret_value(), driver=settings.mongo_driver)
    vault = Vault(settings.vault_address, role_id=settings.vault_role_id, secret_id_file=settings.vault_secret_id_file)
    connection = connection_of(settings)
    producer = None
    try:
        await until_done(vault.open, said="audit.waiting", needs="vault")
        producer = await open_producer(connection, client_id=f"audit-{settings.instance}")
        resources = _join(settings, rules, mongo, keyring_mongo, vault, producer)
        await until_done(lambda: _ensure_indexes(resources), said="audit.waiting", needs="mongodb")
        yield resources
    finally:
        if producer:
            await producer.stop()
        await vault.close()
        await keyring_mongo.close()
        await mongo.close()


def _load_rules(settings: AuditSettings) -> RuleBook:
    try:
        return load_rules(SHIPPED, *([settings.rules_folder] if settings.rules_folder else []))
    except RulesRefusedError as error:
        for one in error.refused:
            log.critical("audit.rule-refused", where=one.where, reason=one.sentence.en)
        raise


def _join(
    settings: AuditSettings, rules: RuleBook, mongo: Mongo, keyring_mongo: Mongo, vault: Vault, producer: AIOKafkaProducer
) -> AuditResources:
    database = mongo.database(settings.mongodb_database)
    outbox, tiles = Outbox(database), TileStore(database)
    suspicions = Suspicions(mongo, database, outbox)
    keyring = Keyring(keyring_mongo.database(settings.keyring_database), vault=vault, kek=settings.kek, site=settings.group)
    resources = AuditResources(
        settings=settings,
        mongo=mongo,
        keyring_mongo=keyring_mongo,
        vault=vault,
        connection=connection_of(settings),
        producer=producer,
        outbox=outbox,
        notes=Notes(AUDIT_ACCESS, source="/audit", about={}, producer=producer, outbox=outbox),
        topic_ids=TopicIds(settings),
        identities=Identities(settings.issuers),
        store=LedgerStore(mongo, database, tiles=tiles, suspicions=suspicions),
        tiles=tiles,
        checkpoints=CheckpointStore(mongo, database, outbox),
        suspicions=suspicions,
        sealer=EntrySealer(keyring, group=settings.group),
        signer=CheckpointSigner(vault, key=settings.signing_key),
        rules=rules,
        positions=Positions(database),
        affected=AffectedStore(mongo, database, outbox),
        door=EventDoor(connection_of(settings), group="audit"),
        logs={topic: Progress(Log(settings.group, topic)) for topic in LOGGED_TOPICS},
    )
    join_subscribers(resources.door, desk=resources.affected_desk())
    return resources


async def _ensure_indexes(resources: AuditResources) -> None:
    await resources.store.ensure_indexes([progress.log for progress in resources.logs.values()])
    await resources.checkpoints.ensure_indexes()
    await resources.affected.ensure_indexes()
