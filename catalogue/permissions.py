"""Writes docs/permissions.md: who may call which route, and what `decide` answers to every question."""

from catalogue.decisions import ceiling_table, decision_tables, overriding_table
from catalogue.markdown import code, page, table
from catalogue.routes import EVERYONE, ROUTERS, Route, routes_of
from shared.vocabulary import Profession

_INTRO = (
    "What a route declares is for people; what enforces it is `services/records/decision.py` for the records, each service for the rest. "
    "Each service also answers `/health/live`, `/health/ready`, `/metrics` and `/openapi.json` to everyone who reaches its port."
)
_HOW = (
    "Made by asking `services.records.decision.decide` each combination of profession, purpose, action, type and relationship. "
    "– is `not-for-this-role`. *No chart* is a resource that belongs to no patient, an unknown id, or a patient without a chart here."
)


def permissions_page() -> str:
    routes = [part for service in ROUTERS for part in (f"### {service}", _routes(service))]
    return page(
        "Permissions",
        _INTRO,
        "## Routes",
        *routes,
        "## Decisions",
        _HOW,
        *decision_tables(),
        "### Whoever asks",
        overriding_table(),
        ceiling_table(),
    )


def _routes(service: str) -> str:
    return table(("route", "professions"), [(code(route), _professions(route)) for route in routes_of(service)])


def _professions(route: Route) -> str:
    if route.professions == EVERYONE:
        return "everyone"
    if route.professions == set(Profession):
        return "every profession"
    return ", ".join(sorted(route.professions)) or "not declared"
