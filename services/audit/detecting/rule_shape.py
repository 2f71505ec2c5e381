"""Refuses, before the parser sees it, a document that is no rule for these notes: unknown keys, other logs, too many values."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from services.audit.detecting.refused_rule import BadRuleError, clipped
from services.audit.detecting.search_shape import check_detection

LOGSOURCE = {"category": "patient_access", "product": "serment", "service": "audit"}
MOST_VALUES = 200
LONGEST_NAME = 64
LONGEST_TITLE = 256
_TEXTS = ("title", "id", "name", "taxonomy", "status", "description", "license", "author", "level")
_LISTS = ("references", "tags", "falsepositives", "fields", "scope")
_HEAD = frozenset({*_TEXTS, *_LISTS, "date", "modified", "related"})
_KINDS: Mapping[str, frozenset[str]] = {"detection": _HEAD | {"logsource", "detection"}, "correlation": _HEAD | {"correlation", "generate"}}
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*").fullmatch


def check_shape(content: Mapping[str, Any]) -> None:
    """Raises BadRuleError."""
    kind = _kind(content)
    for key in content:
        if key not in _KINDS[kind]:
            en, fr = f"The key {clipped(key)} is not known here. Remove it.", f"La clé {clipped(key)} est inconnue ici. Retirez-la."
            raise BadRuleError(en, fr, at=(key,))
    _check_head(content)
    if _count(content[kind]) > MOST_VALUES:
        raise BadRuleError(
            f"More than {MOST_VALUES} values. Split the rule.", f"Plus de {MOST_VALUES} valeurs. Divisez la règle.", at=(kind,)
        )
    if kind == "detection":
        _check_logsource(content.get("logsource"))
        check_detection(content["detection"])


def _kind(content: Mapping[str, Any]) -> str:
    kinds = [kind for kind in _KINDS if isinstance(content.get(kind), dict) and content[kind]]
    if len(kinds) != 1 or "filter" in content:
        raise BadRuleError(
            "A document holds one `detection` or one `correlation`; filters are not read. Write a `not` in the condition.",
            "Un document contient une `detection` ou une `correlation` ; les filtres sont refusés. Écrivez un `not` dans la condition.",
        )
    return kinds[0]


def _check_head(content: Mapping[str, Any]) -> None:
    for key in _TEXTS:
        if not isinstance(content.get(key, ""), str):
            raise BadRuleError(f"`{key}` must be a text.", f"`{key}` doit être un texte.", at=(key,))
    for key in _LISTS:
        listed = content.get(key, [])
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise BadRuleError(f"`{key}` must be a list of texts.", f"`{key}` doit être une liste de textes.", at=(key,))
    if not 0 < len(content.get("title", "")) <= LONGEST_TITLE:
        en, fr = (
            f"`title` must be a text of 1 to {LONGEST_TITLE} characters.",
            f"`title` doit être un texte de 1 à {LONGEST_TITLE} caractères.",
        )
        raise BadRuleError(en, fr, at=("title",))
    name = content.get("name", "a")
    if not _NAME(name) or len(name) > LONGEST_NAME:
        en, fr = "`name` is written in small letters, digits and hyphens.", "`name` s’écrit en minuscules, chiffres et traits d’union."
        raise BadRuleError(en, fr, at=("name",))


def _check_logsource(logsource: Any) -> None:
    given = {key: value for key, value in logsource.items() if key != "definition"} if isinstance(logsource, dict) else None
    if given != LOGSOURCE:
        wanted = ", ".join(f"{key}: {value}" for key, value in LOGSOURCE.items())
        raise BadRuleError(f"A rule for other logs. Write {wanted}.", f"Règle pour d’autres journaux. Écrivez {wanted}.", at=("logsource",))


def _count(value: Any) -> int:
    """How many values stand in it, at whatever depth."""
    if isinstance(value, Mapping):
        return sum(map(_count, value.values()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return sum(map(_count, value))
    return 1
