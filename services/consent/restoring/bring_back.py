"""Brings a restored store up to what was published, waits until no lease of before can be held, and begins a new epoch."""

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from services.consent.desk import Desk
from services.consent.enforcing.fence import place_of
from services.consent.enforcing.in_force import leases_are_over
from services.consent.restoring.lost_statements import lost_statements
from services.consent.restoring.published import Place, Published
from shared.elapsed import at_least
from shared.events.topics import CONSENT_DIRECTIVE

log = structlog.get_logger("serment.consent")
_LOOKS_EVERY = 0.5


class Publications(Protocol):
    """What `consent.directive` holds."""

    async def newest(self) -> Place: ...
    async def above(self, place: Place) -> list[Published]: ...


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """How many patients' directives the store had lost, and the epoch that began."""

    directives: int
    epoch: int


async def bring_back(*, desk: Desk, published: Publications) -> BroughtBack | None:
    """None when the store has everything that was published. Killed at any moment, it is done again from the beginning.

    Replicas may hold leases that this store does not know of, so nothing is granted or changed until they have run out.
    """
    since = desk.clocks()
    newest = await published.newest()  # before the fence is read: it is never behind what was published
    state = await desk.fence.state()
    if newest <= (state.epoch, state.head) and not state.is_behind:
        return None
    log.error("consent.store-restored", epoch=state.epoch, head=state.head, published=newest)
    lost = await published.above((state.epoch, state.head))
    for one in lost:
        await _bring_back(one, desk)
    await _drop_older_events(newest, desk)
    while not leases_are_over(at_least(since, desk.clocks()), lease=desk.lease):  # noqa: ASYNC110 - time itself is waited for
        await asyncio.sleep(_LOOKS_EVERY)
    begun = await desk.fence.begin_epoch(ended=max(state.epoch, newest[0]), head=max(state.head, state.behind, newest[1]))
    log.warning("consent.epoch-began", epoch=begun.epoch, head=begun.head, directives=len(lost))
    return BroughtBack(len(lost), begun.epoch)


async def _bring_back(one: Published, desk: Desk) -> None:
    """One patient's directive, the statements it was compiled from and the sites it forbids, unless the store has a newer one."""
    patient = one.directive.patient
    keys = await desk.sealer.make_keys(patient)

    async def work(session: Any) -> None:
        if not await desk.fence.keep_published(one.directive, one.value, session=session):
            return
        for site in sorted(one.directive.erased):
            await desk.store.add_erased_site(patient, site, session=session)
        known = await desk.store.of_patient(patient, keys, session=session)
        for consent in lost_statements(one.directive, known, published_at=one.at):
            if consent.version == 1:
                await desk.store.insert(consent, keys, session=session)
            else:
                await desk.store.replace(consent, keys, session=session)

    await desk.fence.unnumbered(work)


async def _drop_older_events(newest: Place, desk: Desk) -> None:
    """What the backup's outbox still held was published before; sent again it would stand for the newest after a compaction."""
    outbox = desk.notes.outbox
    await outbox.remove([ident for ident, value in await outbox.of_topic(CONSENT_DIRECTIVE.name) if place_of(value) <= newest])
