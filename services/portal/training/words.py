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
    "who-is-due": Sentence("Who is due", "À former bientôt"),
    "due-intro": Sentence(
        "A duty that has lapsed keeps records shut for that person; the others lapse within thirty days. A reminder is a mail with a link "
        "to the module, once a day at most.",
        "Une obligation échue ferme les dossiers à la personne ; les autres échoient dans les trente jours. Un rappel est un courriel avec "
        "un lien vers le module, au plus une fois par jour.",
    ),
    "due-none": Sentence(
        "Nobody is due: every duty of your site holds for more than thirty days. Whoever comes closer to their date stands here, "
        "and you can send them a reminder.",
        "Personne n’est à former : chaque obligation de votre site est à jour pour plus de trente jours. Qui s’approche de sa date "
        "apparaîtra ici, et vous pourrez lui envoyer un rappel.",
    ),
    "due-none-chosen": Sentence(
        "Nobody of this choice is due. Choose every unit and every module to see the whole site.",
        "Personne n’est à former dans cette sélection. Choisissez toutes les unités et tous les modules pour voir le site entier.",
    ),
    "due-soon": Sentence("due soon", "bientôt échu"),
    "remind": Sentence("Send a reminder", "Envoyer un rappel"),
    "remind-all": Sentence("Remind everybody who is due", "Envoyer un rappel à tous"),
    "reminded": Sentence("Reminder sent", "Rappel envoyé le"),
    "module": Sentence("Module", "Module"),
    "every-unit": Sentence("every unit", "toutes les unités"),
    "every-module": Sentence("every module", "tous les modules"),
    "filter": Sentence("Show these", "Afficher"),
    "everybody": Sentence("Everybody", "Tout le personnel"),
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
