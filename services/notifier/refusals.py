"""Says no to a person: each reason in French and English, with what they can do next."""

from typing import ClassVar

from services.notifier.model import Asked
from services.notifier.roles import Deed, refuse
from shared.errors import AnticipatedError, Sentence

REASONS = {
    "not-for-this-role": Sentence(
        "Cases and reviews are for privacy officers, the inbox and asking for patients, requests for both.",
        "Les dossiers et les revues sont réservés aux délégués à la protection des données, la messagerie et l’envoi de demandes "
        "aux patients ; la lecture des demandes est ouverte aux deux.",
    ),
    "not-for-this-purpose": Sentence(
        "Sign in with the purpose this needs: HCOMPL for an officer’s work, PATRQT for a patient’s own affairs.",
        "Connectez-vous avec le motif requis : HCOMPL pour le travail d’un délégué, PATRQT pour les affaires d’un patient.",
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
    """No case, review or request has this reference."""

    slug: ClassVar[str] = "unknown-reference"
    status: ClassVar[int] = 404
    fhir_code: ClassVar[str] = "not-found"
    sentence: ClassVar[Sentence] = Sentence("There is nothing under this reference.", "Rien ne porte cette référence.")


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


class AskedAlreadyError(AnticipatedError):
    """Under this key another request was kept, or the same is being kept at this moment."""

    slug: ClassVar[str] = "asked-already"
    status: ClassVar[int] = 409
    fhir_code: ClassVar[str] = "conflict"
    sentence: ClassVar[Sentence] = Sentence(
        "This form was sent already. Open a new one to ask for something else.",
        "Ce formulaire a déjà été envoyé. Ouvrez-en un nouveau pour une autre demande.",
    )


class UnfitRequestError(AnticipatedError):
    """The body is no request, or no word about one."""

    slug: ClassVar[str] = "unfit-request"
    status: ClassVar[int] = 422
    fhir_code: ClassVar[str] = "value"
    sentence: ClassVar[Sentence] = Sentence(
        "Say what it is about: the kind of request, and 10 to 2,000 characters.",
        "Dites de quoi il s’agit : le type de demande, et de 10 à 2 000 caractères.",
    )


class RequestMovedOnError(AnticipatedError):
    """Somebody else has answered or extended it meanwhile, or the version was not named."""

    slug: ClassVar[str] = "request-moved-on"
    status: ClassVar[int] = 412
    fhir_code: ClassVar[str] = "conflict"
    sentence: ClassVar[Sentence] = Sentence(
        "This request was answered or extended meanwhile. Read it again.",
        "Cette demande a reçu entre-temps une réponse ou un délai. Relisez-la.",
    )


class CannotExtendError(AnticipatedError):
    """The law gives this kind no more time, or it was taken already, or the first has passed."""

    slug: ClassVar[str] = "cannot-extend"
    status: ClassVar[int] = 409
    fhir_code: ClassVar[str] = "business-rule"
    sentence: ClassVar[Sentence] = Sentence(
        "More time can be taken once, before the first has passed, and only where the law allows it.",
        "Un délai supplémentaire ne se prend qu’une fois, avant la fin du premier, et seulement où la loi le permet.",
    )


class RecordErasedError(AnticipatedError):
    """The keys under which this would be kept were destroyed with the record."""

    slug: ClassVar[str] = "record-erased"
    status: ClassVar[int] = 410
    fhir_code: ClassVar[str] = "deleted"
    sentence: ClassVar[Sentence] = Sentence(
        "This record was erased, and nothing more is kept about it here. Write to the privacy officer.",
        "Ce dossier a été effacé, et plus rien n’est conservé ici à son sujet. Écrivez au délégué à la protection des données.",
    )
