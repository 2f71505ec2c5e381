"""Reads the processor time of any process of this user, all of its threads together."""

import time


def cpu_time(pid: int) -> int:
    """User and system time in nanoseconds, from the kernel's clock of that process (the one of `clock_getcpuclockid`)."""
    return time.clock_gettime_ns((~pid << 3) | 2)
