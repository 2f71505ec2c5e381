"""Tells tries that nobody will finish, by this process's own elapsed time: no clock that is set can lengthen or shorten the wait."""

from collections.abc import Iterable
from datetime import timedelta


class StandingStill:
    """Claims seen in flight, and since when; one seen unchanged for longer than the lease belongs to a process that ended."""

    def __init__(self, lease: timedelta) -> None:
        self._lease = lease.total_seconds()
        self._since: dict[str, float] = {}

    def abandoned(self, claims: Iterable[str], *, now: float) -> list[str]:
        """`now` is elapsed time of this process, in seconds. Claims that are no longer there are forgotten."""
        self._since = {claim: self._since.get(claim, now) for claim in claims}
        return [claim for claim, since in self._since.items() if now - since > self._lease]
