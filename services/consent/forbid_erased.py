"""Forbids, for ever and before its keys are destroyed, that any replica opens an erased chart."""

import hashlib
from typing import Any

from services.consent.change_directive import Intent, change_directive
from services.consent.desk import Asked, Desk
from services.consent.model import Change
from shared.vocabulary import Action, PatientId


async def forbid_erased(asked: Asked, patient: PatientId, site: str, erasure: str, *, desk: Desk) -> Change:
    """In force everywhere when this returns; asked again for the same erasure it changes nothing more."""
    keys = await desk.sealer.keys_of(patient)

    async def apply(session: Any) -> None:
        await desk.store.add_erased_site(patient, site, session=session)

    digest = hashlib.sha256(f"erase\0{patient}\0{site}\0{erasure}".encode()).hexdigest()
    told = {"resource": None, "erased": site, "erasure": erasure}
    intent = Intent(f"erasure-{digest[:32]}", digest, patient, erasure, Action.ERASE, told, apply)
    return await change_directive(asked, intent, keys, desk=desk)
