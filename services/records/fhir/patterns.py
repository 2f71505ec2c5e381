"""The patterns of FHIR's primitive types, as the validator holds texts to them."""

from __future__ import annotations

TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]+$"
CODE = r"^[^\x00-\x20]+( [^\x00-\x20]+)*$"
URI = r"^[^\s\x00-\x1f]+$"
ID = r"^[A-Za-z0-9\-\.]{1,64}$"
NARRATIVE = r"^\s*<div[^\x00-\x08\x0b\x0c\x0e-\x1f]+$"
BASE64 = r"^[0-9a-zA-Z+/=\s]+$"

_YEAR = "([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)"
_LEAP_YEAR = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)"
_MONTH_AND_DAY = "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
_DAY = f"({_YEAR}-{_MONTH_AND_DAY}|{_LEAP_YEAR}-02-29)"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_ZONE = r"(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"

DATE = f"^({_YEAR}(-(0[1-9]|1[0-2]))?|{_DAY})$"
DATE_TIME = f"^({_YEAR}(-(0[1-9]|1[0-2]))?|{_DAY}(T{_CLOCK}{_ZONE})?)$"
INSTANT = f"^{_DAY}T{_CLOCK}{_ZONE}$"
TIME = f"^{_CLOCK}$"

_PUBLISHED_DAY = "(0[1-9]|1[0-2])-(0[1-9]|[1-2][0-9]|3[0-1])"
_PUBLISHED_TAIL = "(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2][0-9]|3[0-1])"

CORRECTED = {
    r"^[ \r\n\t\S]+$": TEXT,
    r"^[^\s]+(\s[^\s]+)*$": CODE,
    r"^\S*$": URI,
    r"^(\s*([0-9a-zA-Z\+/=]){4}\s*)+$": BASE64,
    f"^{_YEAR}{_PUBLISHED_TAIL})?)?$": DATE,
    f"^{_YEAR}{_PUBLISHED_TAIL}(T{_CLOCK}{_ZONE})?)?)?$": DATE_TIME,
    f"^{_YEAR}-{_PUBLISHED_DAY}T{_CLOCK}{_ZONE}$": INSTANT,
}
