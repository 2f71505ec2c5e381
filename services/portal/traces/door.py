"""The pages of traces. The collector takes no token, so the portal itself refuses everybody but operators."""

from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import HTMLResponse

from services.portal.pages import page
from services.portal.signed import At, Belonging
from services.portal.traces.collected import CollectorSilentError
from services.portal.traces.waterfall import draw
from shared.http import professions
from shared.vocabulary import Profession

OPERATORS = professions(Profession.OPERATOR)
Word = Annotated[str, Query(max_length=100)]
TraceId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
traces = APIRouter()


@traces.get("/traces", openapi_extra=OPERATORS, response_class=HTMLResponse)
async def recent_traces(request: Request, reader: Belonging, desk: At, service: Word = "", name: Word = "") -> HTMLResponse:
    """With `service`, those it took part in; with `name`, those whose first span has that in its name."""
    recent = None
    with suppress(CollectorSilentError):
        recent = await desk.traces.recent(service=service, name=name)
    asked = {"service": service, "name": name}
    return page("traces/traces.html", request, session=reader.session, kept=asked, asked=asked, recent=recent, traces=desk.traces)


@traces.get("/traces/{trace}", openapi_extra=OPERATORS, response_class=HTMLResponse)
async def one_trace(trace: TraceId, request: Request, reader: Belonging, desk: At) -> HTMLResponse:
    """One that is not here may still be in the tracing UI."""
    elsewhere, found = desk.traces.elsewhere(trace), await desk.traces.find(trace)
    if found is None and elsewhere is None:
        raise HTTPException(404)
    waterfall = draw(found.spans) if found else None
    left_out = found.left_out + waterfall.left_out if found and waterfall else 0
    what: dict[str, Any] = {"trace": trace, "elsewhere": elsewhere, "waterfall": waterfall, "left_out": left_out}
    return page("traces/trace.html", request, session=reader.session, **what)
