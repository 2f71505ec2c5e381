"""Tries to open a stolen dump of a site's records with everything that its service may unwrap."""

import asyncio
from pathlib import Path
from typing import Any

from cli.story.scene import Scene
from services.audit.commands import open_ledger
from shared.keyring import KeyAbsentError, KeyErasedError, Keyring
from shared.sealing import Place, UnreadableError, key_id_of
from shared.vault import Vault


def open_dump(scene: Scene, *, site: str = "nord") -> int:
    """How many of the dumped documents open with the keyring as it is now and the site's own login to Vault."""
    return asyncio.run(_open_dump(scene, site))


async def _open_dump(scene: Scene, site: str) -> int:
    login = scene.running.credentials(f"records-{site}")
    vault = Vault(scene.auditor.vault_address, role_id=login["vault_role_id"], secret_id_file=Path(login["vault_secret_id_file"]))
    try:
        await vault.open()
        async with open_ledger(scene.auditor) as (_evidence, mongo):
            keyring = Keyring(mongo.database(f"keyring_{site}"), vault=vault, kek=f"kek-{site}", site=site)
            return sum([await _opens(keyring, site, row) for row in scene.dump])
    finally:
        await vault.close()


async def _opens(keyring: Keyring, site: str, row: dict[str, Any]) -> bool:
    type_, ident = row["_id"].split("/")
    sealed = bytes(row["sealed"])
    try:
        keys = await keyring.keys_of(row["owner"])
        keys.opening(key_id_of(sealed)).open(sealed, Place(site, row["owner"], type_, ident, row["version"]))
    except (KeyAbsentError, KeyErasedError, UnreadableError):
        return False
    return True
