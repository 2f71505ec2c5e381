"""Reads a bundle of made-up people and prepares it for loading."""

import gzip
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import orjson

Bundle: TypeAlias = dict[str, Any]
Resource: TypeAlias = dict[str, Any]

HTEST = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
DEMO_INS = "urn:oid:1.2.250.1.213.1.4.10"
INS_TYPE = {"coding": [{"system": "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203", "code": "INS-NIR-TEST"}]}

FHIR_DATE = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>0[1-9]|1[0-2])(?:-(?P<day>0[1-9]|[12]\d|3[01])"
    r"(?P<time>T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2}))?)?)?"
)
MID_YEAR, MID_MONTH = "07", "15"

NEVER_DATES = frozenset(
    {
        *("id", "value", "accessIdentifier", "distinctIdentifier", "lotNumber", "serialNumber", "deviceIdentifier", "carrierHRF"),
        *("code", "system", "version", "versionId", "url", "fullUrl", "reference", "uid", "profile", "contentType", "data", "hash"),
        *("text", "display", "div", "title", "name", "description", "comment", "family", "given", "line", "city", "postalCode"),
        *("valueString", "valueMarkdown", "valueCode", "valueId", "valueUri", "valueUrl", "valueOid", "valueUuid", "valueBase64Binary"),
    }
)


def prepare(path: Path, today: date) -> Bundle:
    """The bundle as the demo posts it: dates up to today, everything labelled as made up, a demo INS, one transaction."""
    bundle = shift_dates(load_bundle(path), today)
    return as_transaction(label_htest(demo_identity(bundle, demo_ins(path.name))))


def load_bundle(path: Path) -> Bundle:
    bundle: Bundle = orjson.loads(gzip.decompress(path.read_bytes()))
    return bundle


def shift_dates(bundle: Bundle, today: date) -> Bundle:
    """Moves every date of a patient by the same whole number of days, so that the last Encounter starts on `today` in UTC.

    Times of day and offsets stay as written. A year or a month alone moves by its middle and stays as short as it was. Dates inside
    sentences, narratives and attachments stay: they are text. A bundle without an Encounter comes back as it was.
    """
    starts = [_in_utc(resource["period"]["start"]) for resource in resources(bundle) if resource["resourceType"] == "Encounter"]
    if not starts:
        return bundle
    moved: Bundle = _moved(bundle, today - max(starts).date())
    return moved


def label_htest(bundle: Bundle) -> Bundle:
    """Marks each resource as made up; one already marked stays as it is."""
    return _with_each(bundle, _labelled)


def demo_identity(bundle: Bundle, number: str) -> Bundle:
    """Gives the Patient the demo INS `number`, under the identifier system of tests and never the one of real people."""

    def identified(resource: Resource) -> Resource:
        if resource["resourceType"] != "Patient":
            return resource
        ins = {"use": "official", "type": INS_TYPE, "system": DEMO_INS, "value": number}
        return {**resource, "identifier": [*resource.get("identifier", []), ins]}

    return _with_each(bundle, identified)


def demo_ins(file_name: str) -> str:
    """Fifteen digits, always the same for a file: born abroad (99) in a country numbered 999, then the control key."""
    drawn = int.from_bytes(hashlib.sha256(file_name.encode()).digest())
    drawn, sex = divmod(drawn, 2)
    drawn, year = divmod(drawn, 100)
    drawn, month = divmod(drawn, 12)
    digits = f"{sex + 1}{year:02}{month + 1:02}99999{drawn % 1000:03}"
    return f"{digits}{97 - int(digits) % 97:02}"


def as_transaction(bundle: Bundle) -> Bundle:
    """All or nothing; `fullUrl` names each resource within the bundle, and the server gives the ids."""
    return {**_with_each(bundle, _without_id), "type": "transaction"}


def resources(bundle: Bundle) -> list[Resource]:
    return [entry["resource"] for entry in bundle["entry"]]


def _with_each(bundle: Bundle, change: Callable[[Resource], Resource]) -> Bundle:
    return {**bundle, "entry": [{**entry, "resource": change(entry["resource"])} for entry in bundle["entry"]]}


def _labelled(resource: Resource) -> Resource:
    meta = resource.get("meta", {})
    labels = meta.get("security", [])
    if any(label.get("system") == HTEST["system"] and label.get("code") == HTEST["code"] for label in labels):
        return resource
    return {**resource, "meta": {**meta, "security": [*labels, HTEST]}}


def _without_id(resource: Resource) -> Resource:
    return {key: value for key, value in resource.items() if key != "id"}


def _in_utc(start: str) -> datetime:
    moment = datetime.fromisoformat(start)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moved(value: Any, offset: timedelta, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _moved(inner, offset, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_moved(inner, offset, key) for inner in value]
    if isinstance(value, str) and key not in NEVER_DATES and (written := FHIR_DATE.fullmatch(value)):
        return _moved_date(written, offset)
    return value


def _moved_date(written: re.Match[str], offset: timedelta) -> str:
    month, day = written["month"] or MID_YEAR, written["day"] or (MID_MONTH if written["month"] else "01")
    moved = (date.fromisoformat(f"{written['year']}-{month}-{day}") + offset).isoformat()
    if written["day"]:
        return moved + (written["time"] or "")
    return moved[:7] if written["month"] else moved[:4]
