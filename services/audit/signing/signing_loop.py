"""Signs one log while this process sequences it: at once when idle, a few times a second under load."""

import asyncio
from datetime import timedelta

import structlog
from aiokafka.errors import KafkaError

from services.audit.checkpoint import Ed25519Verifier, WordRejectedError, open_checkpoint
from services.audit.checkpoint_store import CheckpointLostError
from services.audit.progress import Progress
from services.audit.signing.published_checkpoints import Signed, published_checkpoint
from services.audit.signing.sign_checkpoint import ForkError, Known, SigningDesk, sign_checkpoint
from shared.clock import utc_now
from shared.kafka import KafkaConnection
from shared.mongo import MongoError
from shared.vault import VaultUnavailableError

log = structlog.get_logger("serment.audit")
DELAYS = (MongoError, KafkaError, VaultUnavailableError, WordRejectedError, TimeoutError)


class SigningLoop:
    """Two processes at once sign the same tree or nothing: each reads the head back, and the kept checkpoint never shrinks."""

    def __init__(self, desk: SigningDesk, *, connection: KafkaConnection, progress: Progress, pause: timedelta) -> None:
        self._desk = desk
        self._connection = connection
        self._progress = progress
        self._pause = pause.total_seconds()
        self._known: Known | None = None
        self._looked = False

    async def run(self) -> None:
        """Until cancelled; a failure of MongoDB, Kafka or Vault only delays."""
        while True:
            await self._progress.to_sign.wait()
            self._progress.to_sign.clear()
            if self._progress.holding:
                await self._try()
            else:
                self._looked = False
            await asyncio.sleep(self._pause)

    async def _try(self) -> None:
        topic = self._desk.log.topic
        try:
            if not self._looked:
                self._known = await self._highest()
                self._looked = True
            self._known = await sign_checkpoint(self._known, now=utc_now(), desk=self._desk)
            self._progress.signed_at(self._known.checkpoint.size if self._known else 0)
        except ForkError:
            self._looked = False
            log.critical("audit.fork", log=topic)
        except (CheckpointLostError, *DELAYS) as error:
            self._looked = False
            log.warning("audit.signing-delayed", log=topic, error=type(error).__name__)
            await asyncio.sleep(1)
            self._progress.to_sign.set()

    async def _highest(self) -> Known | None:
        """Of what we keep and what was published; a word that our key did not sign counts for nothing."""
        verifier = await self._desk.signer.verifier(self._desk.log)
        kept = self._kept(await self._desk.checkpoints.latest(self._desk.log), verifier)
        published = await published_checkpoint(self._connection, verifier)
        if published and (kept is None or published[0].size > kept[0].size):
            return Known(published[0], kept=False)
        return Known(kept[0]) if kept else None

    def _kept(self, note: str | None, verifier: Ed25519Verifier) -> Signed | None:
        try:
            return (open_checkpoint(note, log=verifier)[0], note) if note else None
        except WordRejectedError:
            log.critical("audit.kept-checkpoint-rejected", log=self._desk.log.topic)
            return None
