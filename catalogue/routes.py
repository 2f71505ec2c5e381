"""Lists every HTTP route of the services with the professions it declares."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.routing import APIRoute

from services.audit.api import router as audit
from services.consent.api import router as consent
from services.consent.enforcement_api import enforcement
from services.consent.fhir_api import fhir as consent_fhir
from services.consent.status_api import status as consent_status
from services.governance.api import router as governance
from services.notifier.api import router as notifier
from services.notifier.requests_api import requests as requests_of_patients
from services.notifier.status_api import status as notifier_status
from services.portal.api import router as portal
from services.portal.cases.door import cases
from services.portal.charts.door import charts as chart_pages
from services.portal.choices.door import choices
from services.portal.erasures.door import erasures
from services.portal.ledger.door import ledger
from services.portal.objectives.door import objectives
from services.portal.operation.door import operation
from services.portal.requests.door import requests
from services.portal.style.door import style
from services.portal.traces.door import traces
from services.portal.trail.door import trail
from services.portal.training.door import training
from services.records.api import READERS, fhir
from services.records.emergency_api import emergencies
from services.records.erasure_api import charts
from services.records.status_api import status as records_status
from shared.parked_api import parked
from shared.vocabulary import Profession

ROUTERS: Mapping[str, tuple[APIRouter, ...]] = {
    "records": (charts, emergencies, fhir, records_status, parked),
    "consent": (consent, enforcement, consent_fhir, consent_status),
    "audit": (audit, parked),
    "governance": (governance,),
    "notifier": (notifier, requests_of_patients, notifier_status, parked),
    "portal": (
        portal,
        cases,
        chart_pages,
        choices,
        erasures,
        ledger,
        objectives,
        operation,
        requests,
        style,
        traces,
        trail,
        training,
        parked,
    ),
}
EVERYONE = frozenset({"everyone"})
REPLICAS = frozenset({"replicas of records"})


@dataclass(frozen=True, slots=True)
class Route:
    """`professions` is empty when the route forgot to declare them; a hidden one answers what the others leave over."""

    method: str
    path: str
    professions: frozenset[str]
    hidden: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


HOT_READ = Route("GET", "/fhir/{type_}/{ident}", frozenset(READERS["x-professions"]))
"""Plain ASGI, in front of the application: `services/records/reading/hot_read.py`."""


def routes_of(service: str) -> list[Route]:
    found = [route for router in ROUTERS[service] for route in _routes(router)]
    return [*found, HOT_READ] if service == "records" else found


def _routes(router: APIRouter) -> Iterator[Route]:
    for route in router.routes:
        if isinstance(route, APIRoute):
            for method in sorted(route.methods or ()):
                yield Route(method, route.path, _declared(route), hidden=not route.include_in_schema)


def _declared(route: APIRoute) -> frozenset[str]:
    extra = route.openapi_extra or {}
    if extra.get("x-public"):
        return EVERYONE
    known = set(Profession) | EVERYONE | REPLICAS
    return frozenset(str(one) for one in extra.get("x-professions", ()) if one in known)
