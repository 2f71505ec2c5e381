"""Signs checkpoints by a key that never leaves Vault."""

from services.audit.checkpoint import Checkpoint, Ed25519Verifier, Signature, WordRejectedError, make_note
from services.audit.model import Log
from shared.vault import Vault


class CheckpointSigner:
    """One key for all logs of the group; each log signs under its own origin, so each has its own verifier key."""

    def __init__(self, vault: Vault, *, key: str) -> None:
        self._vault = vault
        self._key = key
        self._public: bytes | None = None

    async def verifier(self, log: Log) -> Ed25519Verifier:
        """Raises VaultUnavailableError."""
        if self._public is None:
            self._public = await self._vault.public_key(self._key)
        return Ed25519Verifier(log.origin, self._public)

    async def sign(self, log: Log, checkpoint: Checkpoint) -> str:
        """The signed note, verified before it is handed out. Raises VaultUnavailableError."""
        verifier = await self.verifier(log)
        body = checkpoint.body()
        signature = await self._vault.sign(self._key, body.encode())
        if not verifier.verifies(body, signature):
            self._public = None
            raise WordRejectedError("Vault signed with a key that is not the one it shows")
        return make_note(body, [Signature(verifier.name, verifier.key_id, signature)])
