"""Everything the pages say, in both languages."""

from services.portal.cases.words import CASES
from services.portal.charts.words import CHARTS
from services.portal.choices.words import CHOICES
from services.portal.erasures.words import ERASURES
from services.portal.ledger.words import LEDGER
from services.portal.objectives.words import OBJECTIVES
from services.portal.operation.words import OPERATION
from services.portal.requests.words import REQUESTS
from services.portal.style.words import STYLE
from services.portal.traces.words import TRACES
from services.portal.trail.words import TRAIL
from services.portal.training.words import TRAINING
from shared.errors import Sentence

WORDS = {
    **CASES,
    **CHARTS,
    **CHOICES,
    **ERASURES,
    **LEDGER,
    **OBJECTIVES,
    **OPERATION,
    **REQUESTS,
    **STYLE,
    **TRACES,
    **TRAIL,
    **TRAINING,
    "rooms": Sentence("Rooms", "Rubriques"),
    "room-activity": Sentence("Activity", "Activité"),
    "room-operation": Sentence("Operation", "Exploitation"),
    "room-objectives": Sentence("Privacy objectives", "Objectifs de protection"),
    "room-traces": Sentence("Traces", "Traces techniques"),
    "room-trail": Sentence("Who saw my record", "Qui a vu mon dossier"),
    "room-today": Sentence("Today", "Aujourd’hui"),
    "room-requests": Sentence("Patients’ requests", "Demandes des patients"),
    "room-erasures": Sentence("Erasures", "Effacements"),
    "room-rights": Sentence("My rights", "Mes droits"),
    "room-cases": Sentence("Cases", "Alertes"),
    "room-reviews": Sentence("Emergency reviews", "Revues d’urgence"),
    "room-patients": Sentence("Patients", "Patients"),
    "room-charts": Sentence("Charts", "Dossiers"),
    "room-choices": Sentence("My choices", "Mes choix"),
    "room-messages": Sentence("Messages", "Messages"),
    "room-training": Sentence("My training", "Mes formations"),
    "room-staff": Sentence("Staff", "Personnel"),
    "back": Sentence("Back", "Retour"),
    "colon": Sentence(":", " :"),
    "choose": Sentence("Choose one", "Choisir"),
    "more": Sentence("Older ones", "Plus anciens"),
    "overdue": Sentence("overdue", "en retard"),
    "title": Sentence("Serment", "Serment"),
    "skip": Sentence("Skip to the content", "Aller au contenu"),
    "other-language": Sentence("Français", "English"),
    "what-1": Sentence(
        "Serment keeps patients’ records sealed, and opens one only after it was decided who may see it, and why.",
        "Serment garde les dossiers des patients scellés, et n’en ouvre un qu’après avoir décidé qui peut le voir, et pourquoi.",
    ),
    "what-2": Sentence(
        "Every access is noted before it is answered, in a signed ledger that anyone concerned can check afterwards.",
        "Chaque accès est noté avant de recevoir sa réponse, dans un registre signé que toute personne concernée peut vérifier ensuite.",
    ),
    "sign-in": Sentence("Sign in", "Se connecter"),
    "sign-out": Sentence("Sign out", "Se déconnecter"),
    "signed-in-as": Sentence("Signed in as", "Connecté :"),
    "story": Sentence("The story as it happens", "L’histoire en direct"),
    "story-intro": Sentence(
        "Each line is one entry of the ledger: who did what, and how it was answered. About whom, it does not say. Times are UTC.",
        "Chaque ligne est une entrée du registre : qui a fait quoi, et quelle fut la réponse. De qui il s’agit, elle ne le dit pas. "
        "Les heures sont en UTC.",
    ),
    "entries": Sentence("Ledger entries, newest first", "Entrées du registre, la plus récente d’abord"),
    "pause": Sentence("Pause", "Pause"),
    "resume": Sentence("Resume", "Reprendre"),
    "nothing-yet": Sentence("Nothing has happened yet.", "Il ne s’est encore rien passé."),
    "no-script": Sentence(
        "Without JavaScript the list stands still: reload the page to see what is new.",
        "Sans JavaScript, la liste ne bouge pas : rechargez la page pour voir la suite.",
    ),
    "state-live": Sentence("Live: new entries appear by themselves.", "En direct : les nouvelles entrées apparaissent d’elles-mêmes."),
    "state-silent": Sentence(
        "The ledger does not answer at the moment. This page goes on trying; nothing is lost meanwhile.",
        "Le registre ne répond pas en ce moment. Cette page continue d’essayer ; rien ne se perd entre-temps.",
    ),
    "state-not-for-you": Sentence(
        "Your account does not show ledger activity, and that is as it should be: operators and privacy officers see it. "
        "If you need it for your work, ask your privacy officer.",
        "Votre compte ne montre pas l’activité du registre, et c’est normal : les exploitants et les délégués à la protection des données "
        "la voient. Si votre travail le demande, adressez-vous à votre délégué.",
    ),
    "state-too-many": Sentence(
        "Two windows of yours already show this list. Close one of them and reload this page.",
        "Deux de vos fenêtres montrent déjà cette liste. Fermez-en une et rechargez cette page.",
    ),
    "state-over": Sentence(
        "Your session has ended. Reload this page to sign in again.",
        "Votre session est terminée. Rechargez cette page pour vous reconnecter.",
    ),
    "state-locked": Sentence(
        "You were signed out because your workstation was locked. Sign in again when it is unlocked.",
        "Vous avez été déconnecté parce que votre poste de travail a été verrouillé. Reconnectez-vous quand il sera déverrouillé.",
    ),
    "problem": Sentence("That did not work", "Cela n’a pas fonctionné"),
    "first-page": Sentence("To the first page", "Vers la première page"),
    "nothing-here": Sentence("There is nothing at this address.", "Il n’y a rien à cette adresse."),
    "wrong-request": Sentence(
        "A part of this request is missing or has the wrong form.", "Une partie de cette requête manque ou n’a pas la bonne forme."
    ),
    "surprise": Sentence(
        "Something went wrong on our side; it was logged. Try again.",
        "Une erreur est survenue de notre côté ; elle est journalisée. Réessayez.",
    ),
    "passed-over": Sentence("entries in between are not shown", "entrées entre-temps ne sont pas montrées"),
}
