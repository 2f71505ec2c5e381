"""What the pages of training say, in both languages."""

from shared.errors import Sentence

TRAINING = {
    "training-intro": Sentence(
        "While a module of yours has lapsed, records stay shut for you. Passing it opens them again within seconds.",
        "Tant que l’un de vos modules est échu, les dossiers vous restent fermés. Le réussir les rouvre en quelques secondes.",
    ),
    "training-none": Sentence(
        "No module is asked of you. When one is, it will be here with its date.",
        "Aucun module ne vous est demandé. Dès qu’il y en aura un, il sera ici avec sa date.",
    ),
    "valid-until": Sentence("valid until", "valable jusqu’au"),
    "lapsed-since": Sentence("lapsed since", "échu depuis le"),
    "take-module": Sentence("Take it now", "Le suivre maintenant"),
    "take-again": Sentence("Take it again", "Le suivre à nouveau"),
    "questions": Sentence("Questions", "Questions"),
    "pass-mark": Sentence("Right answers needed:", "Bonnes réponses nécessaires :"),
    "one-choice": Sentence("One answer is right.", "Une seule réponse est juste."),
    "several-choices": Sentence("Several answers are right.", "Plusieurs réponses sont justes."),
    "hand-in": Sentence("Hand in my answers", "Remettre mes réponses"),
    "passed": Sentence("Passed", "Réussi"),
    "not-passed": Sentence("Not passed yet", "Pas encore réussi"),
    "right-answers": Sentence("Right answers:", "Bonnes réponses :"),
    "to-look-at": Sentence("To look at again", "À revoir"),
    "my-modules": Sentence("My modules", "Mes modules"),
    "state-fulfilled": Sentence("up to date", "à jour"),
    "state-lapsed": Sentence("lapsed", "échu"),
    "staff-intro": Sentence(
        "The staff of your site: whoever has a lapsed duty stands first, and opens no record until it is renewed.",
        "Le personnel de votre site : qui a une obligation échue vient en premier, et n’ouvre aucun dossier avant de l’avoir renouvelée.",
    ),
    "person": Sentence("Person", "Personne"),
    "profession": Sentence("Profession", "Profession"),
    "unit": Sentence("Unit", "Unité"),
    "duties": Sentence("Duties", "Obligations"),
    "left": Sentence("left", "parti"),
    "let-lapse": Sentence("Require it again now", "L’exiger à nouveau"),
    "profession-clinician": Sentence("clinician", "soignant"),
    "profession-clerk": Sentence("clerk", "agent d’accueil"),
    "profession-privacy-officer": Sentence("privacy officer", "délégué à la protection des données"),
    "profession-trainer": Sentence("trainer", "formateur"),
    "profession-operator": Sentence("operator", "exploitant"),
    "profession-integration": Sentence("an interface of the hospital", "une interface de l’établissement"),
    "profession-patient": Sentence("patient", "patient"),
}
