"""Says no to a person: each reason in French and English, with what they can do next."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from shared.errors import AnticipatedError, Sentence

REASONS = {
    "purpose-not-for-profession": Sentence(
        "This purpose of use is not one of your profession. Sign in with another purpose.",
        "Ce motif d’utilisation n’est pas celui de votre profession. Connectez-vous avec un autre motif.",
    ),
    "other-site": Sentence(
        "You are signed in for another site. Sign in for this one.",
        "Vous êtes connecté pour un autre site. Connectez-vous pour celui-ci.",
    ),
    "not-for-this-role": Sentence(
        "Your role does not include this kind of record. Ask the care team or the records office.",
        "Votre rôle ne donne pas accès à ce type de donnée. Adressez-vous à l’équipe de soins ou au service des dossiers.",
    ),
    "chart-erased": Sentence(
        "This chart was erased; nobody can open it again.",
        "Ce dossier a été effacé ; plus personne ne peut l’ouvrir.",
    ),
    "not-your-own-chart": Sentence(
        "You can see your own chart only.",
        "Vous ne pouvez consulter que votre propre dossier.",
    ),
    "no-care-relationship": Sentence(
        "You are not in this patient's care team. A colleague of the team can add you by an encounter; in an emergency, break the glass.",
        "Vous ne faites pas partie de l’équipe de soins de ce patient. Un membre de l’équipe peut vous y ajouter par une venue ; "
        "en cas d’urgence, utilisez le bris de glace.",
    ),
    "patient-objected": Sentence(
        "The patient objected to this access. In an emergency, break the glass with a reason; otherwise ask the patient.",
        "Le patient s’est opposé à cet accès. En cas d’urgence, utilisez le bris de glace avec un motif ; sinon, demandez au patient.",
    ),
    "no-consent": Sentence(
        "The patient has not consented to this purpose. Ask them; their answer takes effect at once.",
        "Le patient n’a pas consenti à ce motif. Demandez-lui ; sa réponse prend effet aussitôt.",
    ),
    "not-on-staff": Sentence(
        "Your account is not on the staff list any more. Ask the people who keep it.",
        "Votre compte ne figure plus sur la liste du personnel. Adressez-vous aux personnes qui la tiennent.",
    ),
}


class AccessRefusedError(AnticipatedError):
    """Decided against; the reason is stated where the site's policy allows it."""

    slug: ClassVar[str] = "access-refused"
    status: ClassVar[int] = 403
    fhir_code: ClassVar[str] = "forbidden"
    sentence: ClassVar[Sentence] = Sentence("This access is refused.", "Cet accès est refusé.")

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason

    def said(self) -> Sentence:
        return REASONS[self.reason]


class DutiesLapsedError(AccessRefusedError):
    """A duty must be renewed first; the sentence names it and says where."""

    slug: ClassVar[str] = "duties-lapsed"

    def __init__(self, duties: Sequence[str], training_url: str) -> None:
        super().__init__("duties-lapsed")
        self.duties = duties
        self.training_url = training_url.rstrip("/")

    def said(self) -> Sentence:
        where = ", ".join(f"{self.training_url}/modules/{duty}" for duty in self.duties)
        return Sentence(
            f"Your training has lapsed. Take it at {where}: access opens again as soon as you have passed.",
            f"Votre formation n’est plus à jour. Suivez-la sur {where} : l’accès se rouvre dès que vous l’avez réussie.",
        )


class StaleViewError(AnticipatedError):
    """The replica may not know what patients said last, so it opens nothing but emergencies."""

    slug: ClassVar[str] = "consent-view-stale"
    status: ClassVar[int] = 503
    fhir_code: ClassVar[str] = "transient"
    sentence: ClassVar[Sentence] = Sentence(
        "Patients' latest choices cannot be confirmed right now. Try again in a moment; in an emergency, break the glass.",
        "Les derniers choix des patients sont incertains. Réessayez dans un instant ; en cas d’urgence, utilisez le bris de glace.",
    )


class StandingUnknownError(AnticipatedError):
    """`governance` has been silent for too long to believe what it said last."""

    slug: ClassVar[str] = "standing-unknown"
    status: ClassVar[int] = 503
    fhir_code: ClassVar[str] = "transient"
    sentence: ClassVar[Sentence] = Sentence(
        "Your standing cannot be confirmed right now. Try again in a moment; in an emergency, break the glass.",
        "Votre situation ne peut être confirmée pour l’instant. Réessayez dans un instant ; en cas d’urgence, utilisez le bris de glace.",
    )


ABOUT_THE_CHART = frozenset({"no-care-relationship", "patient-objected", "no-consent"})
"""Refusals that hold for this one chart: by them alone somebody could tell that it exists."""
NOT_NOW: Mapping[str, type[AnticipatedError]] = {"consent-view-stale": StaleViewError, "standing-unknown": StandingUnknownError}
"""Refusals that say nothing about the person: they pass by themselves."""


class NotFoundError(AnticipatedError):
    """Unknown, or hidden by the site's policy: both look the same."""

    slug: ClassVar[str] = "not-found"
    status: ClassVar[int] = 404
    fhir_code: ClassVar[str] = "not-found"
    sentence: ClassVar[Sentence] = Sentence("There is no such resource here.", "Cette ressource n’existe pas ici.")


class GoneError(AnticipatedError):
    """Deleted, or its chart was erased."""

    slug: ClassVar[str] = "gone"
    status: ClassVar[int] = 410
    fhir_code: ClassVar[str] = "deleted"
    sentence: ClassVar[Sentence] = Sentence(
        "This resource was deleted or its chart erased.", "Cette ressource a été supprimée ou son dossier effacé."
    )


class UnreadableRecordError(AnticipatedError):
    """The stored bytes do not open; operators are told by a metric and the note."""

    slug: ClassVar[str] = "record-unreadable"
    status: ClassVar[int] = 500
    fhir_code: ClassVar[str] = "exception"
    sentence: ClassVar[Sentence] = Sentence(
        "This resource cannot be read; the operators were told.", "Cette ressource est illisible ; les exploitants en sont informés."
    )


class UnsupportedInteractionError(AnticipatedError):
    """FHIR has it; this server does not offer it."""

    slug: ClassVar[str] = "unsupported-interaction"
    status: ClassVar[int] = 405
    fhir_code: ClassVar[str] = "not-supported"
    sentence: ClassVar[Sentence] = Sentence(
        "This server does not offer that interaction; /fhir/metadata names those it does.",
        "Ce serveur n’offre pas cette interaction ; /fhir/metadata nomme celles qu’il offre.",
    )


class FactsChangedError(AnticipatedError):
    """What the decision rested on changed while the answer was being made."""

    slug: ClassVar[str] = "facts-changed"
    status: ClassVar[int] = 503
    fhir_code: ClassVar[str] = "transient"
    sentence: ClassVar[Sentence] = Sentence(
        "The chart changed while it was read. Try again.", "Le dossier a changé pendant la lecture. Réessayez."
    )
