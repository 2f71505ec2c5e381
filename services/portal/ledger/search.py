"""Reads the form of a search: what can be asked of the ledger, which fields cannot be, and how its time is told."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from shared.clock import rfc3339
from shared.vocabulary import Action, Outcome, Profession, Purpose, is_ours

CHOICES: Mapping[str, Sequence[str]] = {
    "profession": list(Profession),
    "action": list(Action),
    "outcome": list(Outcome),
    "purpose": list(Purpose),
}
_TIMES = ("from", "to")
_YEARS = range(2000, 2200)
_IDENT = re.compile(r"[0-9A-Za-z._@:|-]{1,64}").fullmatch
_FITS: Mapping[str, Callable[[str], object]] = {
    "actor": _IDENT,
    "patient": is_ours,
    "unit": _IDENT,
    "site": _IDENT,
    **{name: codes.__contains__ for name, codes in CHOICES.items()},
    "emergency": "true".__eq__,
    "before": re.compile(r"[0-9]{1,15}").fullmatch,
}
_TICK = timedelta(milliseconds=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Form:
    """`asked` is what the ledger takes, with times as instants; None before anything was asked. What is `wrong` is repeated nowhere."""

    asked: Mapping[str, str] | None
    wrong: Sequence[str] = ()


def read_search(query: Mapping[str, str], zone: ZoneInfo) -> Form:
    """An empty field asks nothing; a time without a zone is one of the group's."""
    if not query.keys() & {*_TIMES, *_FITS}:
        return Form(None)
    given = {name: query.get(name, "").strip() for name in (*_TIMES, *_FITS)}
    times = {name: _instant(given[name], zone) for name in _TIMES if given[name]}
    others = {name: given[name] if fits(given[name]) else None for name, fits in _FITS.items() if given[name]}
    asked = times | others
    return Form({name: value for name, value in asked.items() if value is not None}, [name for name in asked if asked[name] is None])


def _instant(text: str, zone: ZoneInfo) -> str | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return rfc3339(found if found.tzinfo else found.replace(tzinfo=zone)) if found.year in _YEARS else None


def local_minute(instant: str | datetime, zone: ZoneInfo, *, up: bool = False) -> str:
    """As an input of the type `datetime-local` takes it; an end is rounded up, so that asking again leaves nothing out."""
    found = instant if isinstance(instant, datetime) else datetime.fromisoformat(instant)
    return (found + (_MINUTE - _TICK) * up).astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def within(first: str, last: str) -> str:
    """The part of an address that searches from first to last, both within it; nothing when they are no instants."""
    try:
        until = rfc3339(datetime.fromisoformat(last) + _TICK)
        return "&" + urlencode({"from": rfc3339(datetime.fromisoformat(first)), "to": until})
    except (ValueError, OverflowError):
        return ""
