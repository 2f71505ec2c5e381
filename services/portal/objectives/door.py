"""The privacy officers' page of objectives."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.portal.figures import gather_figures, logs_of
from services.portal.objectives.objective import judge
from services.portal.pages import page
from services.portal.signed import At, Belonging
from shared.clock import utc_now
from shared.http import professions
from shared.vocabulary import Profession

WATCHERS = professions(Profession.OPERATOR, Profession.PRIVACY_OFFICER)
objectives = APIRouter()


@objectives.get("/objectives", openapi_extra=WATCHERS, response_class=HTMLResponse)
async def health(request: Request, reader: Belonging, desk: At) -> HTMLResponse:
    """Each service says whether the reader may see its figures; what it does not say is not known."""
    figures = await gather_figures(reader, now=utc_now(), desk=desk)
    force = next((one.status.force for one in figures if one.status and one.status.force), None)
    what: dict[str, Any] = {"objectives": judge(figures), "logs": logs_of(figures), "force": force}
    return page("objectives/objectives.html", request, session=reader.session, **what)
