"""What can be wrong with a resource that was sent, in words that never repeat what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import AnticipatedError, Sentence

SENTENCES = {
    "too-big": Sentence("The body is larger than this server accepts.", "Le corps dépasse la taille acceptée par ce serveur."),
    "not-utf-8": Sentence("The body is not UTF-8.", "Le corps n’est pas en UTF-8."),
    "not-json": Sentence("The body is not JSON.", "Le corps n’est pas du JSON."),
    "not-an-object": Sentence("The body is not a JSON object.", "Le corps n’est pas un objet JSON."),
    "too-deep": Sentence("The body is nested too deeply.", "Le corps est trop profondément imbriqué."),
    "duplicate-key": Sentence("An object holds the same key twice.", "Un objet contient deux fois la même clé."),
    "bad-number": Sentence("A number is not finite, or has too many digits.", "Un nombre n’est pas fini, ou comporte trop de chiffres."),
    "unpaired-surrogate": Sentence("A text holds half a character.", "Un texte contient une moitié de caractère."),
    "no-type": Sentence("`resourceType` is missing or is not text.", "`resourceType` est absent ou n’est pas un texte."),
    "unknown-type": Sentence("`resourceType` is not a resource type of FHIR R4.", "`resourceType` n’est pas un type de ressource FHIR R4."),
    "other-type": Sentence("The resource is not of the type the address names.", "La ressource n’est pas du type indiqué par l’adresse."),
    "wrong-shape": Sentence("The element has the wrong JSON type.", "L’élément n’a pas le bon type JSON."),
    "missing": Sentence("A required element is missing.", "Un élément obligatoire est absent."),
    "unknown-element": Sentence("An element is not known here.", "Un élément n’est pas connu à cet endroit."),
    "empty": Sentence("The element is empty: leave it out.", "L’élément est vide : il faut l’omettre."),
    "one-choice": Sentence("More than one type is given for one value.", "Plusieurs types sont donnés pour une même valeur."),
    "not-in-list": Sentence(
        "The code is not in the list this element requires.", "Le code n’est pas dans la liste imposée pour cet élément."
    ),
    "not-a-date": Sentence(
        "The text is not a date of the calendar, as FHIR writes it.", "Le texte n’est pas une date du calendrier, au format FHIR."
    ),
    "not-a-time": Sentence("The text is not a time of day.", "Le texte n’est pas une heure."),
    "not-an-id": Sentence(
        "The text is not an id: 1 to 64 letters, digits, `-` or `.`.", "Le texte n’est pas un id : 1 à 64 lettres, chiffres, `-` ou `.`."
    ),
    "bad-text": Sentence("The text does not have the form this element requires.", "Le texte n’a pas la forme imposée pour cet élément."),
    "out-of-range": Sentence("The number is out of range.", "Le nombre est hors limites."),
    "unfilled-gap": Sentence(
        "A null in a list stands for a value that only an extension describes: there is none.",
        "Un null dans une liste tient lieu d’une valeur décrite par sa seule extension : il n’y en a pas.",
    ),
    "invalid": Sentence("The resource does not follow its definition.", "La ressource ne suit pas sa définition."),
}


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong: `expression` is a FHIRPath, `diagnostics_key` chooses among SENTENCES."""

    severity: str
    code: str
    expression: str | None
    diagnostics_key: str

    @property
    def sentence(self) -> Sentence:
        return SENTENCES[self.diagnostics_key]


class UnreadableResourceError(AnticipatedError):
    """The bytes sent are not a JSON object that can be kept exactly."""

    slug = "unreadable-resource"
    status = 400
    fhir_code = "structure"
    sentence = SENTENCES["not-json"]

    def __init__(self, found: Issue) -> None:
        super().__init__()
        self.found = found

    def said(self) -> Sentence:
        return self.found.sentence

    def issues(self) -> Sequence[tuple[str, Sentence, str | None]]:
        return [(self.found.code, self.found.sentence, None)]


class OversizedResourceError(UnreadableResourceError):
    """The bytes sent are more than this server takes in one request."""

    slug = "oversized-resource"
    status = 413
    fhir_code = "too-long"
    sentence = SENTENCES["too-big"]


class InvalidResourceError(AnticipatedError):
    """The resource was read, and does not follow its FHIR definition."""

    slug = "invalid-resource"
    status = 422
    fhir_code = "invalid"
    sentence = SENTENCES["invalid"]

    def __init__(self, found: Sequence[Issue]) -> None:
        super().__init__()
        self.found = tuple(found)

    def issues(self) -> Sequence[tuple[str, Sentence, str | None]]:
        return [(issue.code, issue.sentence, issue.expression) for issue in self.found]
