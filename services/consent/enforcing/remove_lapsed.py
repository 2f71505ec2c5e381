"""Removes members whose lease ran out without a word, so that no later change waits for them."""

from collections.abc import Callable, Mapping

from services.consent.enforcing.fence import Fence
from services.consent.enforcing.in_force import may_be_removed
from shared.elapsed import Reading, at_least


class Lapsing:
    """Since when each member's grant has stood still on this process's own clock."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[int, Reading]] = {}

    def observe(self, grants: Mapping[str, int], now: Reading, *, lease: float) -> list[tuple[str, int]]:
        """(incarnation, grant) of those that may be removed now."""
        self._since = {
            one: known if (known := self._since.get(one)) is not None and known[0] == grant else (grant, now)
            for one, grant in grants.items()
        }
        return [(one, grant) for one, (grant, since) in self._since.items() if may_be_removed(at_least(since, now), lease=lease)]

    def stood_still(self, now: Reading) -> dict[str, float]:
        """For how many seconds at the least, by member: as long as nothing was heard of it."""
        return {one: at_least(since, now) for one, (_grant, since) in self._since.items()}


async def remove_lapsed(lapsing: Lapsing, *, fence: Fence, lease: float, clocks: Callable[[], Reading]) -> list[str]:
    """Those that were removed; one that renewed meanwhile stays."""
    state = await fence.state()
    found = lapsing.observe({one: member.grant for one, member in state.members.items()}, clocks(), lease=lease)
    return [one for one, grant in found if await fence.remove(one, grant=grant)]
