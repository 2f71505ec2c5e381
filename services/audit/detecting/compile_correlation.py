"""Compiles a correlation, parsed by pySigma, to what the windows need; other kinds than counts are refused."""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from sigma.correlations import SigmaCorrelationCondition, SigmaCorrelationRule

from services.audit.detecting.refused_rule import BadRuleError, clipped
from services.audit.detecting.rule import Correlation, Label, Matcher
from services.audit.detecting.search_shape import require_field

LONGEST_SPAN = 24 * 60 * 60
MOST_COUNTED = 10_000
MOST_GROUPED_BY = 3
_TYPES = frozenset({"event_count", "value_count"})
_KEYS = frozenset({"type", "rules", "group-by", "timespan", "condition", "generate"})
_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "eq": operator.eq,
}
_SPAN = re.compile(r"[1-9][0-9]{0,5}[smhd]").fullmatch


def check_correlation(correlation: Mapping[str, Any]) -> None:
    """Before the parser sees it. Raises BadRuleError."""
    for key in correlation:
        if key not in _KEYS:
            raise _bad(
                f"The key {clipped(key)} is not read in a correlation. Remove it.", f"La clé {clipped(key)} est refusée. Retirez-la.", key
            )
    if str(correlation.get("type")) not in _TYPES:
        raise _bad("Only event_count and value_count are counted here.", "Seuls event_count et value_count sont comptés ici.", "type")
    if not isinstance(correlation.get("generate", False), bool):
        raise _bad("`generate` is true or false.", "`generate` vaut true ou false.", "generate")
    rules = correlation.get("rules")
    if not isinstance(rules, list) or not rules or not all(isinstance(one, str) for one in rules):
        raise _bad("`rules` is a list of names or ids of rules.", "`rules` est une liste de noms ou d’identifiants de règles.", "rules")
    group = correlation.get("group-by")
    if not isinstance(group, list) or not 0 < len(group) <= MOST_GROUPED_BY:
        raise _bad(
            f"`group-by` is a list of one to {MOST_GROUPED_BY} fields: without it strangers would be counted together.",
            f"`group-by` est une liste d’un à {MOST_GROUPED_BY} champs : sinon des inconnus seraient comptés ensemble.",
            "group-by",
        )
    for place, name in enumerate(group):
        require_field(name, ("correlation", "group-by", place))
    _check_span(correlation.get("timespan"))
    _check_condition(correlation.get("condition"), str(correlation["type"]))


def _check_span(span: Any) -> None:
    if not isinstance(span, str) or not _SPAN(span) or _seconds(span) > LONGEST_SPAN:
        raise _bad(
            "`timespan` is a number with s, m, h or d, such as 2m, and at most 24h: it is kept in memory.",
            "`timespan` est un nombre suivi de s, m, h ou d, comme 2m, et 24h au plus : tout est gardé en mémoire.",
            "timespan",
        )


def _seconds(span: str) -> int:
    return int(span[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[span[-1]]


def _check_condition(condition: Any, type_: str) -> None:
    known = set(_COMPARE) | ({"field"} if type_ == "value_count" else set())
    if not isinstance(condition, dict) or not condition.keys() <= known or len(condition.keys() & _COMPARE.keys()) != 1:
        raise _bad(
            "`condition` holds one of gt, gte, lt, lte, eq; for value_count also `field`.",
            "`condition` contient un seul de gt, gte, lt, lte, eq ; pour value_count aussi `field`.",
            "condition",
        )
    for key, value in condition.items():
        if key == "field":
            continue
        counted = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_COUNTED
        if not counted or not any(_COMPARE[key](count, value) for count in {1, max(1, value), value + 1}):
            raise _bad(
                f"A count is a number up to {MOST_COUNTED} that can be reached.",
                f"Un compte est un nombre atteignable jusqu’à {MOST_COUNTED}.",
                "condition",
                key,
            )
    if type_ == "value_count":
        require_field(condition.get("field"), ("correlation", "condition", "field"))


def compile_correlation(parsed: SigmaCorrelationRule, label: Label, rules: tuple[Matcher, ...]) -> Correlation:
    """Of one that was checked."""
    condition = parsed.condition
    if not isinstance(condition, SigmaCorrelationCondition) or not isinstance(condition.fieldref, str | None):
        raise _bad("This condition is not read here.", "Cette condition est refusée ici.", "condition")
    compare, wanted = _COMPARE[condition.op.name.lower()], condition.count
    span = parsed.timespan.seconds * 1_000_000
    return Correlation(label, rules, tuple(parsed.group_by or ()), span, lambda count: compare(count, int(wanted)), condition.fieldref)


def _bad(en: str, fr: str, *at: str) -> BadRuleError:
    return BadRuleError(en, fr, at=("correlation", *at))
