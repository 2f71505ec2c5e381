"""Refuses what a search may not hold here: unknown modifiers, values that do not fit, expressions and conditions that could explode."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import re2

from services.audit.detecting.refused_rule import BadRuleError, clipped

LONGEST_VALUE = 1000
LONGEST_REGEX = 500
LONGEST_CONDITION = 500
DEEPEST_CONDITION = 8
COMPARING = frozenset({"lt", "lte", "gt", "gte"})
PLACING = frozenset({"contains", "startswith", "endswith"})
REGEX_FLAGS = frozenset({"i", "m", "s"})
MODIFIERS = COMPARING | PLACING | REGEX_FLAGS | {"exists", "cased", "re", "neq"}
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}(?:\.[A-Za-z_][A-Za-z0-9_]{0,40}){0,3}").fullmatch
_SEARCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{0,63}").fullmatch
_CONDITION = re.compile(r"[A-Za-z0-9_*() \n]+").fullmatch

Way = tuple[str | int, ...]


def check_detection(detection: Mapping[str, Any]) -> None:
    """Raises BadRuleError."""
    _check_condition(detection.get("condition"))
    for name, search in detection.items():
        if name == "condition":
            continue
        if name == "timeframe" or not _SEARCH(name):
            raise BadRuleError(
                "Not a name of a search: letters, digits and _ only; a time frame belongs in a correlation.",
                "Nom de recherche invalide : lettres, chiffres et _ ; une durée appartient à une corrélation.",
                at=("detection", name),
            )
        for way, selection in _selections(search, ("detection", name)):
            for key, value in selection.items():
                _check_item(key, value, (*way, key))


def require_field(name: Any, at: Way) -> str:
    """A field of a note, by its path. Raises BadRuleError."""
    if not isinstance(name, str) or not _FIELD(name):
        raise BadRuleError(
            "Not a field of a note: names joined by dots, such as actor.id.",
            "Ce n’est pas un champ : des noms joints par des points, comme actor.id.",
            at=at,
        )
    return name


def quietly() -> Any:
    """Options of RE2 that print nothing: what is wrong is told here."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return options


def _check_condition(condition: Any) -> None:
    at = ("detection", "condition")
    if not isinstance(condition, str) or len(condition) > LONGEST_CONDITION or not _CONDITION(condition):
        raise BadRuleError(
            f"`condition` is one line of at most {LONGEST_CONDITION} characters: names, and, or, not, 1 of, all of, parentheses.",
            f"`condition` tient en {LONGEST_CONDITION} caractères : noms, and, or, not, 1 of, all of, parenthèses.",
            at=at,
        )
    if max(_depths(condition)) > DEEPEST_CONDITION:
        en, fr = f"Nested more than {DEEPEST_CONDITION} deep. Simplify.", f"Plus de {DEEPEST_CONDITION} niveaux imbriqués. Simplifiez."
        raise BadRuleError(en, fr, at=at)


def _depths(condition: str) -> Iterator[int]:
    """One `not` behind another nests too."""
    depth = nots = 0
    yield 0
    for word in re.findall(r"[()]|[^\s()]+", condition):
        depth += (word == "(") - (word == ")")
        nots = nots + 1 if word == "not" else 0
        yield depth + nots


def _selections(search: Any, at: Way) -> Iterator[tuple[Way, Mapping[str, Any]]]:
    """A mapping is all of its items, a list of mappings any of them."""
    if isinstance(search, dict) and search:
        yield at, search
    elif isinstance(search, list) and search and all(isinstance(one, dict) and one for one in search):
        yield from (((*at, place), one) for place, one in enumerate(search))
    else:
        raise BadRuleError(
            "A search is a mapping of fields to values, or a list of such; it is never empty and names the fields.",
            "Une recherche associe des champs à des valeurs, ou liste de telles associations ; jamais vide, elle nomme les champs.",
            at=at,
        )


def _check_item(key: str, value: Any, at: Way) -> None:
    field, *modifiers = key.split("|")
    require_field(field, at)
    _check_modifiers(modifiers, at)
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(one, str | int | float | None) for one in values):
        raise BadRuleError(
            "A value is a text, a number, true, false or null, or a list of such that is not empty; put dates in quotes.",
            "Une valeur est un texte, un nombre, true, false ou null, ou une liste non vide de telles valeurs ; dates entre guillemets.",
            at=at,
        )
    for one in values:
        if not _fits(one, frozenset(modifiers)):
            raise BadRuleError("This modifier takes no such value.", "Ce modificateur ne prend pas une telle valeur.", at=at)
        if isinstance(one, str) and len(one) > LONGEST_VALUE:
            raise BadRuleError(f"A value of more than {LONGEST_VALUE} characters.", f"Valeur de plus de {LONGEST_VALUE} caractères.", at=at)
        if "re" in modifiers:
            _check_regex(one, at)


def _check_modifiers(modifiers: Sequence[str], at: Way) -> None:
    for modifier in modifiers:
        if modifier not in MODIFIERS:
            known = ", ".join(sorted(MODIFIERS))
            raise BadRuleError(
                f"The modifier {clipped(modifier)} is not known here. Known are: {known}.",
                f"Le modificateur {clipped(modifier)} est inconnu ici. Connus : {known}.",
                at=at,
            )
    if not _go_together([one for one in modifiers if one != "neq"]) or modifiers.count("neq") > 1:
        raise BadRuleError(
            "These modifiers do not go together. Keep one.", "Ces modificateurs ne vont pas ensemble. N’en gardez qu’un.", at=at
        )


def _go_together(modifiers: list[str]) -> bool:
    """One, or `re` and its flags, or a place and `cased`."""
    if modifiers[:1] == ["re"]:
        return REGEX_FLAGS.issuperset(modifiers[1:]) and len(modifiers) == len(set(modifiers))
    if "cased" in modifiers and len(modifiers) > 1:
        return len(modifiers) == 2 and len(PLACING & set(modifiers)) == 1  # noqa: PLR2004 - both
    return len(modifiers) <= 1 and REGEX_FLAGS.isdisjoint(modifiers)


def _fits(value: Any, modifiers: frozenset[str]) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if modifiers & (PLACING | {"cased", "re"}):
        return isinstance(value, str)
    if "exists" in modifiers:
        return isinstance(value, bool)
    return (number or not modifiers & COMPARING) and (not number or abs(value) < float("inf"))


def _check_regex(pattern: str, at: Way) -> None:
    if len(pattern) > LONGEST_REGEX:
        en, fr = f"A regular expression of more than {LONGEST_REGEX} characters.", f"Expression de plus de {LONGEST_REGEX} caractères."
        raise BadRuleError(en, fr, at=at)
    try:
        re2.compile(pattern, quietly())
    except re2.error:
        raise BadRuleError(
            "Not a regular expression of RE2, which knows neither look-around nor back-references, and repeats at most 1000 times.",
            "Ce n’est pas une expression RE2, qui ne connaît ni assertion avant ou arrière ni renvoi, et répète au plus 1000 fois.",
            at=at,
        ) from None
