"""What the pages of requests say, in both languages."""

from shared.errors import Sentence

REQUESTS = {
    "rights-intro": Sentence(
        "What the law lets you ask about your record, by when you are answered, and the answers. "
        "A privacy officer of your hospital answers.",
        "Ce que la loi vous permet de demander au sujet de votre dossier, sous quel délai, et les réponses. "
        "Un délégué à la protection des données de votre hôpital répond.",
    ),
    "rights-asked": Sentence("What you have asked", "Ce que vous avez demandé"),
    "rights-none": Sentence(
        "You have asked nothing yet. Choose a right below; under “Who saw my record” you can ask about a visit.",
        "Vous n’avez encore rien demandé. Choisissez un droit ci-dessous ; sous « Qui a vu mon dossier », vous pouvez interroger "
        "sur une visite.",
    ),
    "rights-ask": Sentence("Ask for", "Demander"),
    "kind-question": Sentence("A question about a visit", "Une question sur une visite"),
    "kind-access": Sentence("Access to my record", "L’accès à mon dossier"),
    "kind-copy": Sentence("A copy of my record", "Une copie de mon dossier"),
    "kind-correction": Sentence("A correction", "Une rectification"),
    "kind-restriction": Sentence("A restriction", "Une limitation"),
    "right-access": Sentence(
        "To learn what is kept about you, why, for how long, and who receives it.",
        "Savoir ce qui est conservé à votre sujet, pourquoi, combien de temps, et qui le reçoit.",
    ),
    "right-copy": Sentence(
        "To get what your record holds, in a form that you can keep and hand on. The first copy is free.",
        "Recevoir le contenu de votre dossier sous une forme à garder et à transmettre. La première copie est gratuite.",
    ),
    "right-correction": Sentence(
        "To have something wrong put right, or something missing added.",
        "Faire corriger ce qui est inexact, ou compléter ce qui manque.",
    ),
    "right-restriction": Sentence(
        "To have something kept but not used while it is disputed.",
        "Faire conserver une information sans qu’elle soit utilisée, tant qu’elle est contestée.",
    ),
    "write-words-question": Sentence(
        "What looks wrong to you? (10 to 2,000 characters)", "Que trouvez-vous anormal ? (10 à 2 000 caractères)"
    ),
    "write-words": Sentence(
        "What exactly do you ask for? (10 to 2,000 characters)", "Que demandez-vous précisément ? (10 à 2 000 caractères)"
    ),
    "write-read-by": Sentence(
        "Only you and the privacy officers of your hospital read this; it is kept sealed.",
        "Seuls vous-même et les délégués de votre hôpital lisent ceci ; le texte est conservé scellé.",
    ),
    "about-entries": Sentence("About ledger entries", "Au sujet des entrées du registre"),
    "send-request": Sentence("Send to the privacy officer", "Envoyer au délégué"),
    "asked-on": Sentence("asked", "demandé le"),
    "answer-by": Sentence("answer by", "réponse avant le"),
    "request-open": Sentence("open", "en cours"),
    "request-answered": Sentence("answered", "traitée"),
    "their-words": Sentence("What the patient says", "Ce que dit le patient"),
    "your-words": Sentence("What you wrote", "Ce que vous avez écrit"),
    "the-answer": Sentence("The answer", "La réponse"),
    "why-longer": Sentence("Why it takes longer", "Pourquoi le délai est prolongé"),
    "erased-words": Sentence(
        "The record was erased, and what was said here with it.", "Le dossier a été effacé, et avec lui ce qui a été dit ici."
    ),
    "requests-intro": Sentence(
        "What patients ask, the first due first. The clock is the law’s; the patient reads your answer in the portal.",
        "Ce que demandent les patients, le plus urgent d’abord. "
        "Le délai est celui de la loi ; le patient lit votre réponse sur le portail.",
    ),
    "requests-none": Sentence(
        "No request waits. When a patient asks something, it appears here, and you get a mail.",
        "Aucune demande en attente. Dès qu’un patient demande quelque chose, cela apparaît ici, et vous recevez un message.",
    ),
    "request": Sentence("Request", "Demande"),
    "outcome-explained": Sentence("explained", "expliqué"),
    "outcome-case-opened": Sentence("it looks wrong: open a case", "cela paraît anormal : ouvrir une alerte"),
    "outcome-fulfilled": Sentence("fulfilled", "satisfaite"),
    "outcome-partly-fulfilled": Sentence("partly fulfilled", "satisfaite en partie"),
    "outcome-declined": Sentence("declined", "refusée"),
    "request-outcome": Sentence("Outcome", "Suite donnée"),
    "words-of-answer": Sentence(
        "Your answer to the patient (10 to 2,000 characters). If you decline: why, and that they may complain to the authority.",
        "Votre réponse au patient (10 à 2 000 caractères). En cas de refus : le motif, et le droit de saisir l’autorité de contrôle.",
    ),
    "send-answer": Sentence("Send the answer", "Envoyer la réponse"),
    "take-time": Sentence("Take two more months", "Prendre deux mois de plus"),
    "take-time-does": Sentence(
        "Once, when the request is complex or there are many (GDPR, Article 12(3)); the patient is told why.",
        "Une seule fois, si la demande est complexe ou s’il y en a beaucoup (RGPD, article 12, paragraphe 3) ; "
        "le patient en apprend le motif.",
    ),
    "words-of-extension": Sentence(
        "Why it takes longer (10 to 2,000 characters)", "Pourquoi le délai est prolongé (10 à 2 000 caractères)"
    ),
}
