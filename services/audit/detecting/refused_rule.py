"""Says why a rule file is refused, in which line, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import Sentence

_LONGEST_QUOTE = 40


@dataclass(frozen=True, slots=True)
class Refused:
    """One thing that must be mended before the rules are taken."""

    file: str
    line: int | None
    sentence: Sentence

    @property
    def where(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def said(self, language: str) -> str:
        return f"{self.where}: {self.sentence.in_language(language)}"


class RulesRefusedError(Exception):
    """At least one rule cannot be taken, so none is: a rule that is left out unnoticed would watch nothing."""

    def __init__(self, refused: Sequence[Refused]) -> None:
        super().__init__("; ".join(one.said("en") for one in refused))
        self.refused = tuple(refused)


class BadRuleError(Exception):
    """Why a document is refused; `at` is the way to the place in it, by keys."""

    def __init__(self, en: str, fr: str, *, at: Sequence[str | int] = ()) -> None:
        super().__init__(en)
        self.sentence = Sentence(en, fr)
        self.at = tuple(at)


def clipped(text: str) -> str:
    """Of what was written, no more than fits in a sentence."""
    return repr(text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…")
