"""Tells in which language somebody reads, and words instants, days and numbers as people of that language do."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal, format_scientific
from fastapi import Request

from services.portal.cookies import LANGUAGE
from shared.http import language_of

_TOLD_FINELY, _TOLD_IN_WORDS = 10, 120
LANGUAGES = frozenset({"fr", "en"})
_SMALLEST, _LARGEST = Decimal("1e-6"), Decimal("1e12")
_LOCALES = {"fr": "fr_FR", "en": "en_GB"}


def language_for(request: Request) -> str:
    """`?lang=` before the cookie before the browser's own wish."""
    for asked in (request.query_params.get("lang"), request.cookies.get(LANGUAGE)):
        if asked in LANGUAGES:
            return str(asked)
    return language_of(request.headers.get("accept-language"))


def moment(value: str | datetime, language: str, zone: ZoneInfo, *, pattern: str = "d MMM y, HH:mm") -> str:
    """To the minute, in the group's own time zone; what is no instant is told as it stands."""
    found = _instant(value)
    if found is None:
        return str(value)
    return format_datetime(found, pattern, tzinfo=zone, locale=_LOCALES[language])


def day(value: str | date, language: str) -> str:
    """Of a FHIR date, dateTime or instant: no more than it says."""
    text = str(value)[:10]
    pattern = {4: "y", 7: "MMMM y"}.get(len(text), "d MMM y")
    try:
        return format_date(date.fromisoformat(f"{text}-01-01"[:10]), pattern, locale=_LOCALES[language])
    except ValueError:
        return str(value)


def until(value: str | datetime, language: str, now: datetime) -> str:
    """How long from now: `in 3 hours`, `2 days ago`."""
    found = _instant(value)
    return "" if found is None else format_timedelta(found - now, add_direction=True, locale=_LOCALES[language])


def number(value: float, language: str) -> str:
    """With every digit that it has: a dose of 0.0004 is not 0."""
    given, locale = Decimal(str(value)), _LOCALES[language]
    if not given.is_finite():
        return str(value)
    if given and not _SMALLEST <= abs(given) < _LARGEST:
        return format_scientific(given, locale=locale, decimal_quantization=False)
    return format_decimal(given, locale=locale, decimal_quantization=False)


def lasting(seconds: float, language: str) -> str:
    """A stretch of time, no finer than people need it."""
    if seconds >= _TOLD_IN_WORDS:
        return format_timedelta(timedelta(seconds=seconds), locale=_LOCALES[language])
    return f"{number(round(seconds, 2 if seconds < _TOLD_FINELY else None), language)}\u00a0s"


def _instant(value: str | datetime) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
