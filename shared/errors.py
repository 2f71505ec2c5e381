"""Errors that a caller can expect: a slug, a status, and a sentence in French and English that names no patient data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing said to a person, in both languages."""

    en: str
    fr: str

    def in_language(self, language: str) -> str:
        return self.fr if language == "fr" else self.en


class AnticipatedError(Exception):
    """The parent of every expected error; `shared/http.py` answers it once. `noted` once its note is kept."""

    slug: ClassVar[str]
    status: ClassVar[int]
    fhir_code: ClassVar[str]
    sentence: ClassVar[Sentence]

    def __init__(self, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(self.slug)
        self.headers = headers or {}
        self.noted = False

    def said(self) -> Sentence:
        """The sentence for people; subclasses may choose one by reason."""
        return self.sentence

    def issues(self) -> Sequence[tuple[str, Sentence, str | None]]:
        """(FHIR issue code, sentence, FHIRPath or None) of each thing that is wrong."""
        return [(self.fhir_code, self.said(), None)]


def problems() -> list[type[AnticipatedError]]:
    """Every anticipated error that has been imported, by slug; the generated catalogue lists them."""
    found: dict[str, type[AnticipatedError]] = {}
    todo = list(AnticipatedError.__subclasses__())
    while todo:
        kind = todo.pop()
        todo.extend(kind.__subclasses__())
        if hasattr(kind, "slug"):
            found[kind.slug] = kind
    return [found[slug] for slug in sorted(found)]
