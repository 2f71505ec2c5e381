"""Takes the time at the doors, to the millisecond: what is kept, stated and answered is then one and the same instant."""

from datetime import datetime

from shared.clock import utc_now


def this_moment() -> datetime:
    """MongoDB keeps no more than milliseconds."""
    now = utc_now()
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
