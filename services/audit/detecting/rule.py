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
        for rule in self.rules:  # noqa: SIM110 - quicker than any() with a generator, and this is the hot path
            if rule(said):
                return True
        return False


@dataclass(frozen=True, slots=True)
class RuleBook:
    rules: tuple[Rule, ...] = ()
    correlations: tuple[Correlation, ...] = ()

    @property
    def labels(self) -> list[Label]:
        return [*(rule.label for rule in self.rules), *(correlation.label for correlation in self.correlations)]


def looking_at(path: str, otherwise: Any = None) -> Callable[[Said], Any]:
    """Finds what stands in a note under names joined by dots; `otherwise` when nothing does."""
    *outer, last = path.split(".")
    if not outer:
        return lambda said: said.get(last, otherwise)
    if len(outer) == 1:
        return _looking_inside(outer[0], last, otherwise)

    def look(said: Any) -> Any:
        for name in outer:
            said = said.get(name)
            if type(said) is not dict:
                return otherwise
        return said.get(last, otherwise)

    return look


def _looking_inside(first: str, last: str, otherwise: Any) -> Callable[[Said], Any]:
    """The usual case, made quick."""

    def look(said: Said) -> Any:
        inner = said.get(first)
        return inner.get(last, otherwise) if type(inner) is dict else otherwise

    return look


def as_scalar(found: Any) -> str | int | float | bool | None:
    """None for what cannot be compared with others."""
    return found if isinstance(found, str | int | float) else None
