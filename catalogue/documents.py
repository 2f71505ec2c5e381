"""Names every generated document and what makes it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from catalogue.asyncapi import asyncapi_document
from catalogue.events import events_page
from catalogue.permissions import permissions_page
from catalogue.problems import problems_page
from catalogue.settings import settings_page
from catalogue.truth_table import decision_page

MADE_BY: Mapping[Path, Callable[[], str]] = {
    Path("docs/asyncapi.json"): asyncapi_document,
    Path("docs/decision.md"): decision_page,
    Path("docs/events.md"): events_page,
    Path("docs/permissions.md"): permissions_page,
    Path("docs/problems.md"): problems_page,
    Path("docs/settings.md"): settings_page,
}


def documents() -> dict[Path, str]:
    return {path: make() for path, make in MADE_BY.items()}
