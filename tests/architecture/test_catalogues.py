"""Keeps the generated documents true: what the code knows stands in them, and each is what the code makes today."""

from collections.abc import Iterator

import pytest

from catalogue.code_base import import_everything
from catalogue.documents import MADE_BY
from catalogue.examples import published_types
from catalogue.routes import ROUTERS, routes_of
from catalogue.settings import every_settings, variable
from shared.errors import AnticipatedError
from shared.settings import ServiceSettings
from tests.architecture.sources import ROOT


def written(name: str) -> str:
    path = ROOT / "docs" / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def every_error(kind: type[AnticipatedError] = AnticipatedError) -> Iterator[type[AnticipatedError]]:
    import_everything()
    for child in kind.__subclasses__():
        yield child
        yield from every_error(child)


class TestCatalogues:
    @pytest.mark.parametrize("path", MADE_BY, ids=str)
    def test_are_what_the_code_makes_today(self, path):
        assert (ROOT / path).exists()
        assert (ROOT / path).read_text(encoding="utf-8") == MADE_BY[path](), "run `make catalogue`"

    def test_hold_every_event(self):
        assert [type_ for type_ in published_types() if f"### {type_}\n" not in written("events.md")] == []

    def test_hold_every_problem(self):
        assert [kind.slug for kind in every_error() if f"| `{kind.slug}` |" not in written("problems.md")] == []

    def test_hold_every_setting(self):
        names = [variable(kind, name) for kind in [ServiceSettings, *every_settings()] for name in kind.model_fields]

        assert [name for name in names if f"| `{name}` |" not in written("settings.md")] == []

    def test_hold_every_route(self):
        assert [str(one) for name in ROUTERS for one in routes_of(name) if f"| `{one}` |" not in written("permissions.md")] == []


class TestErrors:
    def test_have_a_slug_of_their_own(self):
        slugs = [kind.slug for kind in every_error()]

        assert sorted(slugs) == sorted(set(slugs))

    def test_speak_both_languages(self):
        assert [
            kind.slug for kind in every_error() if not kind.sentence.en or not kind.sentence.fr or kind.sentence.en == kind.sentence.fr
        ] == []


class TestSettings:
    def test_are_described(self):
        kinds = every_settings()

        assert [f"{kind.__name__}.{name}" for kind in kinds for name, one in kind.model_fields.items() if not one.description] == []


class TestRoutes:
    def test_declare_who_they_are_for(self):
        assert [str(one) for name in ROUTERS for one in routes_of(name) if not one.professions] == []
