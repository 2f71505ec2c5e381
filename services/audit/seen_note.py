"""Reads what a note says, for whoever counts or searches accesses: whose bytes can be read, whether or not the ledger could file them."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson

from shared.notes import HEARTBEAT

LONGEST_ID = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LATEST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


class SeenNote(NamedTuple):
    """`moment` is its own time, in microseconds since 1970: exact, and quick to compare."""

    ident: str
    moment: int
    said: dict[str, Any]


def read_seen(value: bytes | None) -> SeenNote | None:
    """None for a heartbeat, and for bytes that do not tell which access they are about and when."""
    try:
        said = orjson.loads(value or b"")
        ident, moment = said["id"], moment_of(said["time"])
    except (ValueError, TypeError, KeyError, OverflowError):
        return None
    if type(ident) is not str or not 0 < len(ident) <= LONGEST_ID or said.get("type") == HEARTBEAT:
        return None
    return SeenNote(ident, moment, said)


def moment_of(text: str) -> int:
    """Raises ValueError, TypeError or OverflowError; a time without its zone is none."""
    moment = (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND
    if not _EARLIEST <= moment <= _LATEST:
        raise OverflowError("its offset reaches beyond the calendar")
    return moment


def moment_at(time: datetime) -> int:
    return (time - _EPOCH) // _MICROSECOND


def time_text(moment: int) -> str:
    """As notes write times, and to the microsecond where there are any."""
    precision = "microseconds" if moment % 1000 else "milliseconds"
    return (_EPOCH + moment * _MICROSECOND).isoformat(timespec=precision).replace("+00:00", "Z")
