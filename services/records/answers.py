"""Shapes what `records` answers: Bundles, headers, pages."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import Request, Response

from services.records.model import OpenedRecord
from services.records.reading.search_chart import Found
from services.records.writing.planned import Written
from services.records.writing.store_bundle import Entry
from shared.clock import rfc3339
from shared.http import FHIR_JSON

NO_STORE = {"cache-control": "no-store"}


def _base(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}/fhir"


def _etag(version: int) -> str:
    return f'W/"{version}"'


def searchset(found: Found, request: Request, *, after: str | None = None, count: int | None = None) -> Response:
    """One page, whole before its first byte; `total` counts what may be shown and nothing else, and is left out where nobody counted."""
    page, following = _page(found.records, after, count) if found.counted else (found.records, found.following)
    links = [{"relation": "self", "url": str(request.url)}]
    if following:
        links.append({"relation": "next", "url": str(request.url.include_query_params(_after=following))})
    base = _base(request)
    entries = [
        {"fullUrl": f"{base}/{one.record.address}", "resource": orjson.Fragment(one.body), "search": {"mode": "match"}} for one in page
    ]
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "link": links}
    bundle |= {"total": len(found.records)} if found.counted else {}
    body = orjson.dumps(bundle | ({"entry": entries} if entries else {}))
    return Response(body, media_type=FHIR_JSON, headers={"x-decision-id": found.decision, **NO_STORE})


def _page(records: Sequence[OpenedRecord], after: str | None, count: int | None) -> tuple[Sequence[OpenedRecord], str | None]:
    """The `count` records that follow the one called `after`, and the name of the last when there are more."""
    if count is None:
        return records, None
    names = [record.record.ident for record in records]
    start = names.index(after) + 1 if after in names else 0
    page = records[start : start + count]
    return page, page[-1].record.ident if page and start + count < len(names) else None


def written_answer(written: Written, status: int, request: Request) -> Response:
    """201 carries the Location; the body stays away when the client prefers it so."""
    headers = {"etag": _etag(written.record.version), "x-decision-id": written.note, **NO_STORE}
    if status == 201:  # noqa: PLR2004
        headers["location"] = f"{_base(request)}/{written.record.address}/_history/{written.record.version}"
    minimal = status == 204 or "return=minimal" in request.headers.get("prefer", "")  # noqa: PLR2004
    return Response(b"" if minimal else written.body, status_code=status, media_type=FHIR_JSON, headers=headers)


def transaction_answer(entries: Sequence[Entry], written: Mapping[str, Written]) -> Response:
    """An answer per entry, in the Bundle's order."""
    rows = [_entry_answer(entry, written.get(f"{entry.type}/{entry.ident}")) for entry in entries]
    body = orjson.dumps({"resourceType": "Bundle", "type": "transaction-response", "entry": rows})
    first = next(iter(written.values()), None)
    return Response(body, media_type=FHIR_JSON, headers=NO_STORE | ({"x-decision-id": first.note} if first else {}))


def _entry_answer(entry: Entry, written: Written | None) -> dict[str, Any]:
    if written is None:
        return {"response": {"status": "200", "location": entry.found}}
    status = {"POST": "201", "PUT": "200", "DELETE": "204"}[entry.method]
    location = f"{written.record.address}/_history/{written.record.version}"
    moment = rfc3339(written.record.updated_at)
    return {"response": {"status": status, "location": location, "etag": _etag(written.record.version), "lastModified": moment}}
