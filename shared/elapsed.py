"""Measures elapsed time on one machine by two clocks, so that neither a sleeping machine nor a clock that is set can stretch a lease."""

import time
from typing import NamedTuple

_DISAGREEMENT = 0.5


class Reading(NamedTuple):
    """Seconds by the boot-time clock, which counts sleep and cannot be set, and by the wall clock, which can."""

    boot: float
    wall: float


def read_clocks() -> Reading:
    return Reading(time.clock_gettime(time.CLOCK_BOOTTIME), time.time())  # noqa: TID251 - a difference is all that is used


def at_most(since: Reading, now: Reading) -> float:
    """Seconds that have passed at the very most: for whoever holds something that ends."""
    return max(now.boot - since.boot, now.wall - since.wall)


def at_least(since: Reading, now: Reading) -> float:
    """Seconds that have passed for certain: for whoever waits for something to end."""
    return min(now.boot - since.boot, now.wall - since.wall)


def disagree(since: Reading, now: Reading) -> bool:
    """Whether a clock went back, or the two drifted apart by more than half a second: neither is to be trusted then."""
    boot, wall = now.boot - since.boot, now.wall - since.wall
    return boot < 0 or wall < 0 or abs(boot - wall) > _DISAGREEMENT
