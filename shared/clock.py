"""Tells the time at the doors; everything further in takes `now` as an argument."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The wall clock in UTC, to the microsecond."""
    return datetime.now(UTC)  # noqa: TID251 - this is the one place


def to_millisecond(moment: datetime) -> datetime:
    """As MongoDB keeps it, in UTC: what is stored, stated and answered is then one and the same instant."""
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)


def rfc3339(moment: datetime) -> str:
    """An instant as FHIR and CloudEvents write it, in UTC with milliseconds: `2026-11-25T18:06:37.125Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
