"""Keeps clocks and drivers where they belong; every other place carries a mark that ruff asks for."""

import ast
from collections.abc import Iterator

from tests.architecture.sources import PACKAGES, Source, sources

DRIVERS = {"motor", "pymongo", "bson", "gridfs"}
CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
MARK = "noqa: TID251"


def imported(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom):
            yield node, (node.module or "").split(".")[0]
        elif isinstance(node, ast.Import):
            yield from ((node, alias.name.split(".")[0]) for alias in node.names)


def unmarked(source: Source, node: ast.stmt | ast.expr) -> bool:
    return MARK not in source.lines[node.lineno - 1]


class TestClocks:
    def test_are_read_in_one_place_or_a_marked_one(self):
        calls = [(source, call) for source in sources() for call in ast.walk(source.tree) if isinstance(call, ast.Call)]
        found = [source.at(call) for source, call in calls if ast.unparse(call.func) in CLOCKS and unmarked(source, call)]

        assert found == []


class TestDrivers:
    def test_are_imported_in_one_place_or_a_marked_one(self):
        found = [
            source.at(node)
            for source in sources(*PACKAGES)
            for node, name in imported(source)
            if name in DRIVERS and str(source.path) != "shared/mongo.py" and unmarked(source, node)
        ]

        assert found == []
