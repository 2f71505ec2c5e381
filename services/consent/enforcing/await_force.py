"""Waits until a committed change is in force on every replica that may have decided by what was before."""

import contextlib
from collections.abc import Callable, Sequence

from services.consent.enforcing.fence import Fence
from services.consent.enforcing.in_force import leases_are_over, waited_for
from services.consent.enforcing.positions import Positions
from services.consent.model import Change, Evidence
from shared.elapsed import Reading, at_least
from shared.enforcement import MARGIN
from shared.mongo import MongoError

_LOOKS_EVERY = 0.5


async def await_force(
    change: Change, *, since: Reading, fence: Fence, positions: Positions, lease: float, clocks: Callable[[], Reading]
) -> Evidence:
    """`since` is when this process learned that the change is committed; a process that is asked again counts from then."""
    while True:
        news = positions.next_change()
        waiting = waited_for(change.members, positions, epoch=change.epoch, number=change.number)
        waited = at_least(since, clocks())
        if not waiting or leases_are_over(waited, lease=lease):
            return _evidence(change, waiting, positions, waited)
        if not await positions.told(news, within=min(_LOOKS_EVERY, lease + MARGIN - waited)):
            await _look_at_fence(fence, positions)


async def _look_at_fence(fence: Fence, positions: Positions) -> None:
    """What replicas stated to other processes of `consent`; without it only Kafka would tell."""
    with contextlib.suppress(MongoError):
        state = await fence.state()
        for incarnation, member in state.members.items():
            positions.state(incarnation, epoch=state.epoch, number=member.number)


def _evidence(change: Change, waiting: Sequence[str], positions: Positions, waited: float) -> Evidence:
    left = sum(1 for one in change.members if positions.has_left(one))
    return Evidence(change.number, len(change.members), len(change.members) - len(waiting) - left, left, round(waited * 1000, 1))
