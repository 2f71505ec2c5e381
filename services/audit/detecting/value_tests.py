"""Makes tests of one value of a note: texts without regard to case and with wildcards, numbers, expressions."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

import re2
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCompareExpression,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaType,
    SpecialChars,
)

from services.audit.detecting.refused_rule import BadRuleError
from services.audit.detecting.search_shape import quietly

Test = Callable[[Any], bool]
"""Of one value as JSON has it; None when the note does not have the field."""

_MANY = SpecialChars.WILDCARD_MULTI
_COMPARE: Mapping[CompareOperators, Callable[[Any, Any], bool]] = {
    CompareOperators.LT: operator.lt,
    CompareOperators.LTE: operator.le,
    CompareOperators.GT: operator.gt,
    CompareOperators.GTE: operator.ge,
}


def test_of(value: SigmaType) -> Test:
    """Raises BadRuleError for a kind of value that nobody here can test."""
    match value:
        case SigmaString():
            return _text(value)
        case SigmaBool():
            return _truth(value.boolean)
        case SigmaNumber():
            return _number(operator.eq, value.number)
        case SigmaNull():
            return lambda found: found is None
        case SigmaCompareExpression():
            return _number(_COMPARE[value.op], value.number.number)
        case SigmaRegularExpression():
            return _expression(value)
    raise BadRuleError("A value of this kind is not known here.", "Une valeur de ce genre est inconnue ici.", at=("detection",))


def _truth(wanted: bool) -> Test:
    return lambda found: found is wanted


def _number(compare: Callable[[Any, Any], bool], wanted: float) -> Test:
    """A number is not a text, nor are true and false numbers."""
    return lambda found: type(found) in {int, float} and compare(found, wanted)


def _text(value: SigmaString) -> Test:
    fold: Callable[[str], str] = str if isinstance(value, SigmaCasedString) else str.casefold
    parts = tuple(fold(part) if isinstance(part, str) else part for part in value.s)
    if parts and set(parts) == {_MANY}:
        return lambda found: found is not None and not isinstance(found, dict)
    match parts:
        case ():
            return lambda found: found == ""
        case (str() as wanted,):
            return lambda found: found == wanted or (type(found) is str and fold(found) == wanted)
        case (str() as wanted, SpecialChars.WILDCARD_MULTI):
            return lambda found: type(found) is str and fold(found).startswith(wanted)
        case (SpecialChars.WILDCARD_MULTI, str() as wanted):
            return lambda found: type(found) is str and fold(found).endswith(wanted)
        case (SpecialChars.WILDCARD_MULTI, str() as wanted, SpecialChars.WILDCARD_MULTI):
            return lambda found: type(found) is str and wanted in fold(found)
    options = quietly()
    options.dot_nl = True
    pattern = re2.compile("".join(_as_expression(part) for part in parts), options)
    return lambda found: type(found) is str and pattern.fullmatch(fold(found)) is not None


def _as_expression(part: Any) -> str:
    if isinstance(part, str):
        return str(re2.escape(part))
    return ".*" if part is _MANY else "."


def _expression(value: SigmaRegularExpression) -> Test:
    """Anywhere in the text, in time that grows with its length only."""
    letters = {
        SigmaRegularExpressionFlag.IGNORECASE: "i",
        SigmaRegularExpressionFlag.MULTILINE: "m",
        SigmaRegularExpressionFlag.DOTALL: "s",
    }
    flags = "".join(letters[flag] for flag in sorted(value.flags, key=lambda flag: flag.value))
    pattern = re2.compile((f"(?{flags})" if flags else "") + str(value.regexp), quietly())
    return lambda found: type(found) is str and pattern.search(found) is not None
