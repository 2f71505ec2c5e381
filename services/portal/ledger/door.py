"""The page on which privacy officers search the ledger."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.portal.desk import Desk
from services.portal.group import Reader, ServiceRefusedError, with_query
from services.portal.ledger.search import CHOICES, Form, local_minute, read_search
from services.portal.names import names_of
from services.portal.pages import page
from services.portal.signed import At, Reading, require_belonging
from services.portal.trail.visits import visits
from shared.clock import utc_now
from shared.http import professions
from shared.vocabulary import Profession, Purpose

OFFICERS = professions(Profession.PRIVACY_OFFICER)
_LOG = "/log/records.access"
_UNFIT = "search-unfit"
_USUAL_TIME = timedelta(days=1)
_ALWAYS_SHOWN = frozenset({"from", "to", "actor", "patient", "before"})
ledger = APIRouter()


@ledger.get("/ledger", openapi_extra=OFFICERS, response_class=HTMLResponse)
async def search(request: Request, reader: Reading, desk: At) -> HTMLResponse:
    """Nothing is asked before a person asked it, for every patient on a page is told so in their trail."""
    form = read_search(request.query_params, request.app.state.time_zone)
    found = None
    if form.asked is None or form.wrong:
        require_belonging(request, reader)
    if form.asked is not None and not form.wrong:
        try:
            found = (await desk.group.ask(reader, "audit", with_query(f"{_LOG}/entries", **form.asked), purpose=Purpose.COMPLIANCE)).body
        except ServiceRefusedError as error:
            if error.problem != _UNFIT:
                raise
            form = Form(form.asked, ["from"])
    return await _page(form, found, request=request, reader=reader, desk=desk)


async def _page(form: Form, found: Mapping[str, Any] | None, *, request: Request, reader: Reader, desk: Desk) -> HTMLResponse:
    asked, zone = dict(form.asked or {}), request.app.state.time_zone
    accounts = [asked.get("actor"), *(entry["actor"] for entry in found["entries"])] if found else [asked.get("actor")]
    what: dict[str, Any] = {
        "asked": asked,
        "wrong": form.wrong,
        "choices": CHOICES,
        "places": desk.places,
        "times": {"from": local_minute(asked.get("from", utc_now() - _USUAL_TIME), zone)}
        | ({"to": local_minute(asked["to"], zone, up=True)} if "to" in asked else {}),
        "more": bool((asked.keys() | form.wrong) - _ALWAYS_SHOWN),
        "found": found,
        "lines": [visits([entry], zone, desk.places)[0] for entry in found["entries"]] if found else [],
        "names": await names_of(reader, accounts, group=desk.group),
        "same": urlencode({**asked, "from": found["from"], "to": found["to"]} | {"before": found["following"]}) if found else "",
    }
    return page("ledger/ledger.html", request, session=reader.session, kept=asked, **what)
