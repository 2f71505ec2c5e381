"""Says no to a person: each reason in French and English, with what they can do next."""

from typing import ClassVar

from services.notifier.model import Asked
from services.notifier.roles import Deed, refuse
from shared.errors import AnticipatedError, Sentence

REASONS = {
    "not-for-this-role": Sentence(
        "Cases and reviews are for privacy officers, the inbox is for patients.",
        "Les dossiers et les revues sont réservés aux délégués à la protection des données, la messagerie aux patients.",
    ),
    "not-for-this-purpose": Sentence(
        "Sign in with the purpose this needs: HCOMPL for cases and reviews, PATRQT for the inbox.",
        "Connectez-vous avec le motif requis : HCOMPL pour les dossiers et les revues, PATRQT pour la messagerie.",
    ),
    "watched-elsewhere": Sentence(
        "The privacy officers of another site watch over this. Ask them.",
        "Les délégués à la protection des données d’un autre site en ont la charge. Adressez-vous à eux.",
    ),
    "no-record-of-your-own": Sentence(
        "Your account is not tied to a record yet. Ask the admissions office.",
        "Votre compte n’est pas encore lié à un dossier. Adressez-vous au bureau des admissions.",
    ),
}


class NotYoursError(AnticipatedError):
    """Refused by `roles.py`."""

    slug: ClassVar[str] = "not-yours"
    status: ClassVar[int] = 403
    fhir_code: ClassVar[str] = "forbidden"
    sentence: ClassVar[Sentence] = Sentence("This is not for you.", "Cela ne vous est pas destiné.")

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason

    def said(self) -> Sentence:
        return REASONS[self.reason]


class UnknownReferenceError(AnticipatedError):
    """No case or review has this reference."""

    slug: ClassVar[str] = "unknown-reference"
    status: ClassVar[int] = 404
    fhir_code: ClassVar[str] = "not-found"
    sentence: ClassVar[Sentence] = Sentence(
        "There is no case or review under this reference.", "Aucun dossier ni aucune revue ne porte cette référence."
    )


class VersionRequiredError(AnticipatedError):
    """A decision that does not say which version of the case it rests on."""

    slug: ClassVar[str] = "version-required"
    status: ClassVar[int] = 428
    fhir_code: ClassVar[str] = "required"
    sentence: ClassVar[Sentence] = Sentence(
        "Send the case's ETag as If-Match, so that nobody decides on what somebody else has just changed.",
        "Envoyez l’ETag du dossier dans If-Match, pour que personne ne décide sur ce qu’un autre vient de changer.",
    )


class CaseMovedOnError(AnticipatedError):
    """Somebody else decided meanwhile."""

    slug: ClassVar[str] = "case-moved-on"
    status: ClassVar[int] = 412
    fhir_code: ClassVar[str] = "conflict"
    sentence: ClassVar[Sentence] = Sentence(
        "Somebody else has changed this case meanwhile. Read it again, then decide.",
        "Quelqu’un a modifié ce dossier entre-temps. Relisez-le, puis décidez.",
    )


class WrongStateError(AnticipatedError):
    """The lifecycle has no such move from here."""

    slug: ClassVar[str] = "case-not-in-that-state"
    status: ClassVar[int] = 409
    fhir_code: ClassVar[str] = "conflict"
    sentence: ClassVar[Sentence] = Sentence(
        "A suspected case is confirmed or dismissed, a confirmed one is closed; this case is in another state.",
        "Un dossier suspecté se confirme ou se classe, un dossier confirmé se clôt ; celui-ci est dans un autre état.",
    )


class ReasonNotListedError(AnticipatedError):
    """The body does not name one of the reasons, or one of the findings."""

    slug: ClassVar[str] = "reason-not-listed"
    status: ClassVar[int] = 422
    fhir_code: ClassVar[str] = "value"
    sentence: ClassVar[Sentence] = Sentence("Name one of the listed words.", "Indiquez l’un des mots de la liste.")

    def __init__(self, name: str, listed: frozenset[str]) -> None:
        super().__init__()
        words = ", ".join(f"`{word}`" for word in sorted(listed))
        self._said = Sentence(f"Name the `{name}`, one of: {words}.", f"Indiquez le champ `{name}`, parmi : {words}.")

    def said(self) -> Sentence:
        return self._said


class AlreadyReviewedError(AnticipatedError):
    """The review has its finding already, and it is another one or somebody else's."""

    slug: ClassVar[str] = "already-reviewed"
    status: ClassVar[int] = 409
    fhir_code: ClassVar[str] = "conflict"
    sentence: ClassVar[Sentence] = Sentence(
        "This emergency has already been reviewed; a finding stands once it is given.",
        "Cette urgence a déjà été revue ; une conclusion rendue ne change plus.",
    )


class KeysSilentError(AnticipatedError):
    """Vault or the keyring does not answer, so nothing that is sealed can be read."""

    slug: ClassVar[str] = "message-keys-unavailable"
    status: ClassVar[int] = 503
    fhir_code: ClassVar[str] = "transient"
    sentence: ClassVar[Sentence] = Sentence(
        "Your messages cannot be opened right now. Try again in a moment.",
        "Vos messages ne peuvent pas être ouverts pour l’instant. Réessayez dans un moment.",
    )


def require(asked: Asked, deed: Deed, *, watched_by: str | None = None) -> None:
    """Raises NotYoursError."""
    reason = refuse(asked, deed, watched_by=watched_by)
    if reason is not None:
        raise NotYoursError(reason)
