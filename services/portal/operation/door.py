"""The operator's page, and its one form: having a process handle again what it parked."""

import asyncio
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from services.portal.desk import Desk
from services.portal.figures import PORTAL, gather_figures, logs_of, told_by
from services.portal.forms import first, own_form
from services.portal.group import Instance, Reader, ServiceSilentError
from services.portal.pages import page
from services.portal.signed import At, Belonging, OwnSite
from shared.clock import utc_now
from shared.http import professions
from shared.parked import EventsUnreachableError
from shared.vocabulary import Profession

OPERATORS = professions(Profession.OPERATOR)
_PARK = frozenset({"audit", "notifier", "records"})
"""Services that read events by a door which parks."""
_PATIENCE = 30.0
"""Above what a process gives itself to replay."""
operation = APIRouter()


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a replay; `told` is None when the process did not say."""

    process: str
    told: Any


@operation.get("/operation", openapi_extra=OPERATORS, response_class=HTMLResponse)
async def overview(request: Request, reader: Belonging, desk: At) -> HTMLResponse:
    return await _overview(request, reader, desk)


@operation.post("/operation", openapi_extra=OPERATORS, response_class=HTMLResponse, dependencies=[OwnSite])
async def replay(request: Request, reader: Belonging, desk: At) -> HTMLResponse:
    """Twice changes nothing, so the page may be sent again."""
    name = first(await own_form(request, reader.session), "process")
    instance = next((one for one in _readers(desk) if one.name == name), None)
    if instance is None:
        raise HTTPException(404)
    return await _overview(request, reader, desk, replayed=Replayed(name, await _replayed(reader, instance, desk)))


async def _overview(request: Request, reader: Reader, desk: Desk, *, replayed: Replayed | None = None) -> HTMLResponse:
    instances = desk.group.instances
    figures, healths, parked = await asyncio.gather(
        gather_figures(reader, now=utc_now(), desk=desk),
        asyncio.gather(*map(desk.group.health, instances)),
        asyncio.gather(*(_parked(reader, one, desk) for one in _readers(desk))),
    )
    consent = next((one.status for one in figures if one.instance.service == "consent"), None)
    what: dict[str, Any] = {
        "figures": figures,
        "healths": {one.name: health for one, health in zip(instances, healths, strict=True)},
        "consent": consent,
        "logs": logs_of(figures),
        "heard": {member.incarnation: member.heard_seconds for member in consent.members} if consent else {},
        "parked": dict(parked),
        "replayed": replayed,
    }
    return page("operation/overview.html", request, session=reader.session, **what)


def _readers(desk: Desk) -> list[Instance]:
    """Every process with a door that parks."""
    return [*(one for one in desk.group.instances if one.service in _PARK), PORTAL]


async def _parked(reader: Reader, instance: Instance, desk: Desk) -> tuple[str, Any]:
    """(process, what it parked); None where it does not answer."""
    if instance is not PORTAL:
        return instance.name, await told_by(instance, "/parked", reader=reader, group=desk.group, patience=_PATIENCE / 2)
    with suppress(EventsUnreachableError):
        return instance.name, [asdict(one) for one in await desk.parked.listed()]
    return instance.name, None


async def _replayed(reader: Reader, instance: Instance, desk: Desk) -> Any:
    """None when it did not say what became of it."""
    with suppress(ServiceSilentError, EventsUnreachableError):
        if instance is PORTAL:
            return asdict(await desk.parked.replay())
        return await desk.group.ask_one(reader, instance, "/parked/replay", method="POST", patience=_PATIENCE)
    return None
