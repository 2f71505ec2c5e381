"""The nouns of detection: what a rule looks for, and what it is called when it has found something."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Said = Mapping[str, Any]
"""A note as it was said: its JSON."""

Matcher = Callable[[Said], bool]
Group = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """How a rule names itself in a suspicion; `version` tells exactly which text of the rule it was."""

    name: str
    title: str
    level: str
    version: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Each note that matches is a suspicion."""

    label: Label
    matches: Matcher = field(repr=False)


@dataclass(frozen=True, slots=True)
class Correlation:
    """So many matching notes of one group, or so many values of `counted` in them, within any stretch of `span` microseconds."""

    label: Label
    rules: tuple[Matcher, ...] = field(repr=False)
    group_by: tuple[str, ...]
    span: int
    holds: Callable[[int], bool] = field(repr=False)
    counted: str | None = None

    def matches(self, said: Said) -> bool:
        return any(rule(said) for rule in self.rules)


@dataclass(frozen=True, slots=True)
class RuleBook:
    rules: tuple[Rule, ...] = ()
    correlations: tuple[Correlation, ...] = ()

    @property
    def labels(self) -> list[Label]:
        return [*(rule.label for rule in self.rules), *(correlation.label for correlation in self.correlations)]


def value_at(said: Said, path: str) -> Any:
    """What stands in a note under names joined by dots; None when nothing does."""
    found: Any = said
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def scalar_at(said: Said, path: str) -> str | int | float | bool | None:
    """As `value_at`, and None for what cannot be compared with others."""
    found = value_at(said, path)
    return found if isinstance(found, str | int | float) else None
