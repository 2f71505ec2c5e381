"""Everything that messages say, in both languages; a mail holds a reference and an address, never a word about a patient."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.errors import Sentence


@dataclass(frozen=True, slots=True)
class Template:
    """`{name}` is put in from a message's values; those that end in `_at` are instants."""

    subject: Sentence
    text: Sentence


CASE_OPENED = "case-opened"
CASE_CONFIRMED = "case-confirmed"
CASE_DISMISSED = "case-dismissed"
CLOCK_OVERDUE = "clock-overdue"
EMERGENCY_TO_REVIEW = "emergency-to-review"
REVIEW_OVERDUE = "review-overdue"
REQUEST_ASKED = "request-asked"
REQUEST_OVERDUE = "request-overdue"
REQUEST_EXTENDED = "request-extended"
REQUEST_ANSWERED = "request-answered"
DUTY_DUE = "duty-due"
EMERGENCY_IN_YOUR_RECORD = "emergency-in-your-record"

TEMPLATES: Mapping[str, Template] = {
    CASE_OPENED: Template(
        Sentence("Suspected breach {reference}: to assess by {due_at}", "Violation suspectée {reference} : à évaluer avant le {due_at}"),
        Sentence(
            "A suspicion has opened the case {reference}.\nPlease confirm or dismiss it by {due_at}.\n{link}",
            "Un soupçon a ouvert le dossier {reference}.\nMerci de le confirmer ou de le classer avant le {due_at}.\n{link}",
        ),
    ),
    CASE_CONFIRMED: Template(
        Sentence("Breach {reference} confirmed: authority by {due_at}", "Violation {reference} confirmée : autorité avant le {due_at}"),
        Sentence(
            "The case {reference} was confirmed on {aware_at}: that is the moment of awareness.\n"
            "The supervisory authority must be notified by {due_at} (GDPR, Article 33(1)), unless a risk is unlikely.\n{link}",
            "Le dossier {reference} a été confirmé le {aware_at} : c’est le moment de la prise de connaissance.\n"
            "L’autorité de contrôle doit être notifiée avant le {due_at} (RGPD, article 33, paragraphe 1), "
            "à moins qu’un risque soit peu probable.\n{link}",
        ),
    ),
    CASE_DISMISSED: Template(
        Sentence("Case {reference} dismissed", "Dossier {reference} classé"),
        Sentence(
            "A privacy officer has dismissed the case {reference}. Its evidence and the reason are kept.\n{link}",
            "Un délégué à la protection des données a classé le dossier {reference}. Les éléments et le motif sont conservés.\n{link}",
        ),
    ),
    CLOCK_OVERDUE: Template(
        Sentence("Overdue since {due_at}: case {reference}", "Délai dépassé depuis le {due_at} : dossier {reference}"),
        Sentence(
            "A deadline of the case {reference} ({clock}) passed on {due_at}. This is the only reminder.\n{link}",
            "Un délai du dossier {reference} ({clock}) est dépassé depuis le {due_at}. Ce rappel est le seul.\n{link}",
        ),
    ),
    EMERGENCY_TO_REVIEW: Template(
        Sentence("Emergency access {reference}: to review by {due_at}", "Accès en urgence {reference} : à revoir avant le {due_at}"),
        Sentence(
            "A clinician has opened a record in an emergency ({reference}).\nPlease review by {due_at} whether it was justified.\n{link}",
            "Un clinicien a ouvert un dossier médical en urgence ({reference}).\n"
            "Merci d’examiner avant le {due_at} si cet accès était justifié.\n{link}",
        ),
    ),
    REVIEW_OVERDUE: Template(
        Sentence("Overdue since {due_at}: review {reference}", "Délai dépassé depuis le {due_at} : revue {reference}"),
        Sentence(
            "The review of the emergency access {reference} was due on {due_at}. This is the only reminder.\n{link}",
            "La revue de l’accès en urgence {reference} était attendue le {due_at}. Ce rappel est le seul.\n{link}",
        ),
    ),
    REQUEST_ASKED: Template(
        Sentence("A patient asks {reference}: to answer by {due_at}", "Demande d’un patient {reference} : à traiter avant le {due_at}"),
        Sentence(
            "A patient has sent the request {reference}.\nPlease answer it by {due_at}.\n{link}",
            "Un patient a envoyé la demande {reference}.\nMerci d’y répondre avant le {due_at}.\n{link}",
        ),
    ),
    REQUEST_OVERDUE: Template(
        Sentence("Overdue since {due_at}: request {reference}", "Délai dépassé depuis le {due_at} : demande {reference}"),
        Sentence(
            "The answer to the request {reference} was due on {due_at}. This is the only reminder.\n{link}",
            "La réponse à la demande {reference} était attendue le {due_at}. Ce rappel est le seul.\n{link}",
        ),
    ),
    REQUEST_EXTENDED: Template(
        Sentence("The answer to your request takes longer", "La réponse à votre demande prendra plus de temps"),
        Sentence(
            "Your request of {asked_at} will be answered by {due_at}. Why it takes longer stands under “My rights”. "
            "Reference: {reference}.",
            "Votre demande du {asked_at} recevra une réponse avant le {due_at}. Le motif figure sous « Mes droits ». "
            "Référence : {reference}.",
        ),
    ),
    REQUEST_ANSWERED: Template(
        Sentence("Your request was answered", "Votre demande a reçu une réponse"),
        Sentence(
            "The privacy officer has answered your request of {asked_at}. You read the answer under “My rights”. Reference: {reference}.",
            "Le délégué à la protection des données a répondu à votre demande du {asked_at}. La réponse figure sous « Mes droits ». "
            "Référence : {reference}.",
        ),
    ),
    DUTY_DUE: Template(
        Sentence("Training to take: {reference}, valid until {due_at}", "Formation à suivre : {reference}, valable jusqu’au {due_at}"),
        Sentence(
            "Your training {reference} is valid until {due_at}. From then on records stay shut for you, until you have passed it again. "
            "It takes a few minutes.\n{link}",
            "Votre formation {reference} est valable jusqu’au {due_at}. Passé cette date, les dossiers vous restent fermés "
            "tant que vous ne l’avez pas réussie à nouveau. Elle prend quelques minutes.\n{link}",
        ),
    ),
    EMERGENCY_IN_YOUR_RECORD: Template(
        Sentence("Your record was opened in an emergency", "Votre dossier a été ouvert en urgence"),
        Sentence(
            "On {opened_at} a clinician of the unit {unit} ({site}) opened your record in an emergency. "
            "The access ends by {ends_at}. A privacy officer examines by {due_at} whether it was justified. Reference: {reference}.",
            "Le {opened_at}, un clinicien de l’unité {unit} ({site}) a ouvert votre dossier en urgence. "
            "Cet accès prend fin au plus tard le {ends_at}. Un délégué à la protection des données examine avant le {due_at} "
            "s’il était justifié. Référence : {reference}.",
        ),
    ),
}


def worded(template: str, values: Mapping[str, str], language: str) -> tuple[str, str]:
    """(subject, text) in one language."""
    said = {name: _moment(value, language) if name.endswith("_at") else value for name, value in values.items()}
    found = TEMPLATES[template]
    return found.subject.in_language(language).format_map(said), found.text.in_language(language).format_map(said)


def _moment(value: str, language: str) -> str:
    """To the minute, in UTC, and saying so: the reader's own zone is not known."""
    moment = datetime.fromisoformat(value).astimezone(UTC)
    if language == "fr":
        return f"{moment:%d/%m/%Y} à {moment:%H} h {moment:%M} (UTC)"
    return f"{moment:%Y-%m-%d, %H:%M} UTC"
