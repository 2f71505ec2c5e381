"""Keeps each service's README true to its routes, its topics and its files."""

import re

import pytest

from catalogue.routes import ROUTERS, routes_of
from shared.events import TOPICS
from tests.architecture.sources import ROOT

LONGEST = 100


def readme(service: str) -> str:
    path = ROOT / "services" / service / "README.md"
    return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.mark.parametrize("service", ROUTERS)
class TestReadme:
    def test_lists_every_route(self, service: str):
        assert [str(one) for one in routes_of(service) if not one.hidden and f"`{one}`" not in readme(service)] == []

    def test_lists_every_topic_that_is_stated_or_read(self, service: str):
        topics = [topic.name for topic in TOPICS if service == topic.owner or service in topic.readers]

        assert [name for name in topics if f"`{name}`" not in readme(service)] == []

    def test_names_files_that_are_there(self, service: str):
        folder = ROOT / "services" / service
        named = {name for name in re.findall(r"`([\w/]+\.py)`", readme(service)) if not name.startswith(("services/", "tests/", "shared/"))}
        files = {str(path.relative_to(folder)) for path in folder.rglob("*.py")}

        assert sorted(name for name in named if name not in files and not any(file.endswith(f"/{name}") for file in files)) == []

    def test_stays_short(self, service: str):
        assert 0 < readme(service).count("\n") < LONGEST
