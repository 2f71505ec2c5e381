"""Compiles a detection rule, parsed by pySigma, to one Python function of a note."""

from collections.abc import Iterator
from typing import Any

from sigma.conditions import ConditionAND, ConditionFieldEqualsValueExpression, ConditionNOT, ConditionOR
from sigma.rule import SigmaRule
from sigma.types import SigmaExists

from services.audit.detecting.refused_rule import BadRuleError
from services.audit.detecting.rule import Matcher, Said, looking_at
from services.audit.detecting.value_tests import Test, test_of

_TEXTS = ("¶ 7 ¶", "q", "ZZ-0")
_NUMBERS = (0, 10**12, -(10**12), 0.5)
_MISSING = object()


def compile_rule(rule: SigmaRule) -> Matcher:
    """Raises BadRuleError, for a rule that would match everything too."""
    tree = rule.detection.parsed_condition[0].parsed
    matches = _matcher(tree)
    _require_selection(matches, sorted({leaf.field for leaf in _leaves(tree)}))
    return matches


def _matcher(node: Any) -> Matcher:
    match node:
        case ConditionAND():
            return _every([_matcher(one) for one in node.args])
        case ConditionOR():
            return _some([_matcher(one) for one in node.args])
        case ConditionNOT():
            return _none(_matcher(node.args[0]))
        case ConditionFieldEqualsValueExpression(value=SigmaExists() as value):
            return _exists(node.field, bool(value))
        case ConditionFieldEqualsValueExpression():
            return _field(node.field, test_of(node.value))
    raise BadRuleError("Every value needs a field.", "Toute valeur a besoin d’un champ.", at=("detection",))


def _every(tests: list[Matcher]) -> Matcher:
    def every(said: Said) -> bool:
        for test in tests:  # noqa: SIM110 - twice as fast as all() with a generator, and this is the hot path
            if not test(said):
                return False
        return True

    return every


def _some(tests: list[Matcher]) -> Matcher:
    def some(said: Said) -> bool:
        for test in tests:  # noqa: SIM110 - as above
            if test(said):
                return True
        return False

    return some


def _none(test: Matcher) -> Matcher:
    return lambda said: not test(said)


def _field(path: str, test: Test) -> Matcher:
    """Of several values at once, one that fits is enough."""
    look = looking_at(path)

    def fits(said: Said) -> bool:
        found = look(said)
        return any(map(test, found)) if type(found) is list else test(found)

    return fits


def _exists(path: str, wanted: bool) -> Matcher:
    look = looking_at(path, _MISSING)
    return lambda said: (look(said) is not _MISSING) is wanted


def _leaves(node: Any) -> Iterator[ConditionFieldEqualsValueExpression]:
    if isinstance(node, ConditionFieldEqualsValueExpression):
        yield node
    else:
        for one in getattr(node, "args", ()):
            yield from _leaves(one)


def _require_selection(matches: Matcher, fields: list[str]) -> None:
    """It must look for something that not every note has."""
    at = ("detection", "condition")
    if matches({}):
        raise BadRuleError(
            "It says only what must not be there, so it matches nearly everything. Add a selection of what must be there.",
            "Elle ne dit que ce qui doit manquer et correspond à presque tout. Ajoutez une sélection de ce qui doit y être.",
            at=at,
        )
    if any(all(matches(_filled(fields, value)) for value in values) for values in (_TEXTS, _NUMBERS)):
        raise BadRuleError(
            "It matches every note that has these fields, whatever they say. Add a selection of values.",
            "Elle correspond à toute note ayant ces champs, quel que soit leur contenu. Ajoutez une sélection de valeurs.",
            at=at,
        )


def _filled(fields: list[str], value: Any) -> dict[str, Any]:
    """A note that says the same odd thing everywhere."""
    said: dict[str, Any] = {}
    for path in fields:
        *outer, last = path.split(".")
        inner = said
        for name in outer:
            if not isinstance(inner.get(name), dict):
                inner[name] = {}
            inner = inner[name]
        inner[last] = value
    return said
