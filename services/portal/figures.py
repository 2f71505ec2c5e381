"""Gathers what every process of the group says of itself in figures, as far as it answers."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from services.portal.desk import Desk
from services.portal.group import Group, Instance, Reader, ServiceRefusedError, ServiceSilentError
from shared.mongo import MongoError

_NOT_FOR_THE_READER = frozenset({401, 403})
PORTAL = Instance("portal", "")
"""This very process, which is asked without a detour."""


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Backlog(_Told):
    """What waits for Kafka."""

    waiting: int
    oldest_seconds: float | None


class LogFigures(_Told):
    """One log of the ledger; `lag` is None where another process sequences it."""

    size: int
    signed_size: int
    age_seconds: float | None
    unsigned_seconds: float | None
    lag: int | None
    lag_seconds: float | None
    suspicions: int
    stopped: str | None


class Member(_Told):
    """An incarnation of `records` that may hold a lease."""

    incarnation: str
    number: int
    heard_seconds: float | None


class Force(_Told):
    """How fast the changes of the last day came into force."""

    changes: int
    p50_seconds: float | None
    max_seconds: float | None


class Status(_Told):
    """What a service does not have stays empty."""

    outbox: Backlog
    logs: Mapping[str, LogFigures] = {}
    incarnation: str | None = None
    number: int | None = None
    lease_seconds: float | None = None
    breaker_open: bool = False
    head: int | None = None
    members: Sequence[Member] = ()
    force: Force | None = None
    messages: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class Figures:
    """`status` is None for a process that does not answer, or not in words that are known here."""

    instance: Instance
    status: Status | None


async def gather_figures(reader: Reader, *, now: datetime, desk: Desk) -> list[Figures]:
    """Of every process, the portal last. Raises ServiceRefusedError when this is not for the reader."""
    others = await asyncio.gather(*(_figures(reader, one, desk.group) for one in desk.group.instances))
    return [*others, Figures(PORTAL, await _own(desk, now))]


def logs_of(figures: Sequence[Figures]) -> dict[str, LogFigures]:
    """By topic; empty while the ledger is silent."""
    return {name: log for one in figures if one.status for name, log in one.status.logs.items()}


async def told_by(instance: Instance, path: str, *, reader: Reader, group: Group, patience: float = 5) -> Any:
    """None where it does not answer. Raises ServiceRefusedError when this is not for the reader."""
    try:
        return await group.ask_one(reader, instance, path, patience=patience)
    except ServiceSilentError:
        return None
    except ServiceRefusedError as error:
        if error.status in _NOT_FOR_THE_READER:
            raise
        return None


async def _figures(reader: Reader, instance: Instance, group: Group) -> Figures:
    body = await told_by(instance, "/status", reader=reader, group=group)
    try:
        return Figures(instance, _status(instance, body))
    except ValidationError:
        return Figures(instance, None)


def _status(instance: Instance, body: Any) -> Status:
    """Raises ValidationError. The ledger's logs stand beside its outbox."""
    if instance.service == "audit" and isinstance(body, dict):
        body = {"outbox": body.get("outbox"), "logs": {name: one for name, one in body.items() if name != "outbox"}}
    return Status.model_validate(body)


async def _own(desk: Desk, now: datetime) -> Status | None:
    try:
        return Status.model_validate({"outbox": await desk.notes.outbox.backlog(now=now)})
    except MongoError:
        return None
