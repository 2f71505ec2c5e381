"""The operator's page."""

import asyncio
from contextlib import suppress

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.portal.group import ServiceSilentError
from services.portal.pages import page
from services.portal.signed import At, Belonging
from shared.http import professions
from shared.vocabulary import Profession

OPERATORS = professions(Profession.OPERATOR)
operation = APIRouter()


@operation.get("/operation", openapi_extra=OPERATORS, response_class=HTMLResponse)
async def overview(request: Request, reader: Belonging, desk: At) -> HTMLResponse:
    """`audit` says whether the reader may see this; the others are asked what they say to everyone who reaches their port."""
    logs = None
    with suppress(ServiceSilentError):  # the page is for seeing just that
        logs = (await desk.group.ask(reader, "audit", "/status")).body
    services = await asyncio.gather(*map(desk.group.health, desk.group.instances))
    return page("operation/overview.html", request, session=reader.session, logs=logs, services=services)
