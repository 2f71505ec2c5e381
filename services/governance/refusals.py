"""Says no to a person: each reason in French and English, with what they can do next."""

from typing import ClassVar

from shared.errors import AnticipatedError, Sentence

REASONS = {
    "staff-only": Sentence(
        "This is for the staff of the group. Sign in with a staff account.",
        "Cette page est réservée au personnel du groupe. Connectez-vous avec un compte du personnel.",
    ),
    "not-on-staff-list": Sentence(
        "You are not on the current staff list. Ask your human resources office to add you.",
        "Vous ne figurez pas sur la liste actuelle du personnel. Demandez aux ressources humaines de vous y inscrire.",
    ),
    "not-your-module": Sentence(
        "This module is not one of your profession. GET /modules lists yours.",
        "Ce module n’est pas prévu pour votre profession. GET /modules donne la liste des vôtres.",
    ),
    "trainers-only": Sentence(
        "Only trainers see the staff’s duties and change their dates. GET /me/standing shows yours.",
        "Seuls les formateurs voient les obligations du personnel et en changent les dates. GET /me/standing montre les vôtres.",
    ),
    "guards-only": Sentence(
        "Workstations are locked and unlocked by the endpoint agent of their site and by its security officers.",
        "Les postes de travail sont verrouillés et déverrouillés par l’agent installé de leur site et par ses responsables de la sécurité.",
    ),
    "names-not-for-you": Sentence(
        "Names of the staff are told to privacy officers and trainers, and to patients where the site tells names.",
        "Les noms du personnel sont communiqués aux délégués et aux formateurs, et aux patients si le site communique les noms.",
    ),
    "other-site-staff": Sentence(
        "This member of staff works at another site. Ask a trainer there.",
        "Cette personne travaille sur un autre site. Adressez-vous à un formateur de ce site.",
    ),
    "not-your-own-duty": Sentence(
        "Trainers do not set their own dates. Take the module, or ask another trainer.",
        "Un formateur ne fixe pas ses propres dates. Suivez le module, ou demandez à un autre formateur.",
    ),
}


class TaskRefusedError(AnticipatedError):
    """Staff and duties are for those whose task they are; the reason is stated."""

    slug: ClassVar[str] = "not-your-task"
    status: ClassVar[int] = 403
    fhir_code: ClassVar[str] = "forbidden"
    sentence: ClassVar[Sentence] = Sentence("This is not one of your tasks.", "Cela ne fait pas partie de vos tâches.")

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason

    def said(self) -> Sentence:
        return REASONS[self.reason]


def require(reason: str | None) -> None:
    """Raises TaskRefusedError unless there is no reason against it."""
    if reason is not None:
        raise TaskRefusedError(reason)


class ModuleUnknownError(AnticipatedError):
    """No training module of this name, or the member of staff has no such duty."""

    slug: ClassVar[str] = "module-unknown"
    status: ClassVar[int] = 404
    fhir_code: ClassVar[str] = "not-found"
    sentence: ClassVar[Sentence] = Sentence(
        "There is no such module here. GET /modules lists yours.", "Ce module n’existe pas ici. GET /modules donne la liste des vôtres."
    )


class StaffUnknownError(AnticipatedError):
    """Nobody of this id was ever on the staff list."""

    slug: ClassVar[str] = "staff-unknown"
    status: ClassVar[int] = 404
    fhir_code: ClassVar[str] = "not-found"
    sentence: ClassVar[Sentence] = Sentence(
        "There is no such member of staff. GET /staff lists those of your site.",
        "Ce membre du personnel n’existe pas. GET /staff donne la liste de ceux de votre site.",
    )


class AnswersUnfitError(AnticipatedError):
    """The answers name a question or a choice that the module does not have; nothing was marked."""

    slug: ClassVar[str] = "answers-unfit"
    status: ClassVar[int] = 422
    fhir_code: ClassVar[str] = "invalid"
    sentence: ClassVar[Sentence] = Sentence(
        "The answers name a question or a choice that this module does not have. Fetch the module again and use its ids.",
        "Les réponses nomment une question ou un choix absent de ce module. Rechargez le module et reprenez ses identifiants.",
    )


class DateTooFarError(AnticipatedError):
    """A trainer may give what a passed module gives, and no more."""

    slug: ClassVar[str] = "date-too-far"
    status: ClassVar[int] = 422
    fhir_code: ClassVar[str] = "invalid"
    sentence: ClassVar[Sentence] = Sentence(
        "A duty cannot be set further ahead than the module’s own validity. Choose an earlier date.",
        "Une obligation ne peut dépasser la durée de validité du module. Choisissez une date plus proche.",
    )


class DutyNotDueError(AnticipatedError):
    """Nobody is reminded of what they have kept up."""

    slug: ClassVar[str] = "duty-not-due"
    status: ClassVar[int] = 409
    fhir_code: ClassVar[str] = "conflict"
    sentence: ClassVar[Sentence] = Sentence(
        "This duty holds for more than thirty days, or the person has left: there is nothing to remind them of.",
        "Cette obligation est à jour pour plus de trente jours, ou la personne est partie : il n’y a rien à lui rappeler.",
    )


class TrainingRequestUnfitError(AnticipatedError):
    """The body is not what the route takes, or it is too large."""

    slug: ClassVar[str] = "training-request-unfit"
    status: ClassVar[int] = 422
    fhir_code: ClassVar[str] = "invalid"
    sentence: ClassVar[Sentence] = Sentence(
        'Send JSON of at most 64 KB: {"answers": {"question": ["choice"]}} for an attempt, '
        '{"valid_until": "2027-01-31T00:00:00Z"} for a duty; a date needs its time zone.',
        'Envoyez du JSON d’au plus 64 Ko : {"answers": {"question": ["choix"]}} pour une tentative, '
        '{"valid_until": "2027-01-31T00:00:00Z"} pour une obligation ; une date doit porter son fuseau horaire.',
    )


class OvertakenError(AnticipatedError):
    """The same member of staff was changed again and again meanwhile."""

    slug: ClassVar[str] = "staff-changed-meanwhile"
    status: ClassVar[int] = 503
    fhir_code: ClassVar[str] = "transient"
    sentence: ClassVar[Sentence] = Sentence(
        "Somebody else changed this member of staff at the same moment. Try again.",
        "Quelqu’un d’autre a modifié cette personne au même moment. Réessayez.",
    )
