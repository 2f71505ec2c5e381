"""Keeps modules and functions small, named for what they do, and introduced by one sentence."""

import ast
import statistics

from tests.architecture.sources import Function, project, sources

LARGEST_FILE = 300
LONGEST_FUNCTION = 40
EMPTY_WORDS = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc", "base", "models", "handlers"}


def length(function: Function) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


class TestModules:
    def test_open_with_a_sentence(self):
        first_lines = {str(source.path): (ast.get_docstring(source.tree) or "").split("\n")[0] for source in sources()}

        assert [path for path, line in first_lines.items() if not line.endswith(".")] == []

    def test_have_names_that_say_something(self):
        assert [str(source.path) for source in sources() if EMPTY_WORDS & set(source.path.with_suffix("").parts)] == []

    def test_stay_readable_in_one_sitting(self):
        assert [f"{source.path}: {len(source.lines)} lines" for source in sources() if len(source.lines) > LARGEST_FILE] == []


class TestFunctions:
    def test_stay_short(self):
        lengths = {f"{source.at(one)} {one.name}": length(one) for source in sources() for one in source.functions()}

        assert [f"{where}: {lines} lines" for where, lines in lengths.items() if lines > LONGEST_FUNCTION] == []
        assert statistics.median(lengths.values()) <= 8
        assert statistics.quantiles(lengths.values(), n=10)[-1] <= 25


class TestLayers:
    def test_place_every_module_of_every_service(self):
        contracts = [one for one in project()["tool"]["importlinter"]["contracts"] if one["type"] == "layers"]
        placed = {
            f"{container}.{name.strip()}"
            for one in contracts
            for container in one["containers"]
            for row in one["layers"]
            for name in row.split("|")
        }
        rooms = {source.module for source in sources("services") if source.path.name == "__init__.py"}
        modules = {source.module for source in sources("services")} - rooms

        assert sorted(module for module in modules if not {module, module.rpartition(".")[0]} & placed) == []
