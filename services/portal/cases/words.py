"""What the pages of cases and reviews say, in both languages."""

from shared.errors import Sentence

CASES = {
    "today-first": Sentence("First due", "À traiter d’abord"),
    "today-nothing": Sentence(
        "Nothing waits for you. Suspicions, emergency accesses and what patients ask appear here by themselves, the first due first.",
        "Rien ne vous attend. Les soupçons, les accès en urgence et les demandes des patients apparaissent ici d’eux-mêmes, "
        "le plus urgent d’abord.",
    ),
    "cases-intro": Sentence(
        "A suspicion opens a case by itself. Confirming it is the moment of awareness, which starts the authority’s 72 hours.",
        "Un soupçon ouvre un dossier de lui-même. Le confirmer est le moment de la prise de connaissance : les 72 heures commencent.",
    ),
    "cases-none": Sentence(
        "No case is open. When an access looks wrong, a case opens here by itself, and you get a mail.",
        "Aucune alerte n’est ouverte. Dès qu’un accès paraît anormal, une alerte s’ouvre ici d’elle-même, et vous recevez un message.",
    ),
    "cases-all": Sentence("All", "Toutes"),
    "case": Sentence("Case", "Alerte"),
    "opened": Sentence("opened", "ouverte le"),
    "due": Sentence("due", "à traiter avant le"),
    "case-suspected": Sentence("suspected", "suspectée"),
    "case-confirmed": Sentence("confirmed", "confirmée"),
    "case-dismissed": Sentence("dismissed", "classée"),
    "case-closed": Sentence("closed", "close"),
    "rule-colleague-lookup": Sentence("A colleague’s chart was looked up", "Le dossier d’un collègue a été consulté"),
    "rule-bulk-lookup": Sentence("Many charts in a short time", "Beaucoup de dossiers en peu de temps"),
    "rule-emergency-without-follow-up": Sentence("An emergency access without follow-up", "Un accès en urgence resté sans suite"),
    "rule-emergency-not-justified": Sentence("An emergency access was not justified", "Un accès en urgence n’était pas justifié"),
    "rule-patient-question": Sentence("A patient asked about an access", "Un patient s’interroge sur un accès"),
    "next-step": Sentence("What to do now", "Que faire maintenant"),
    "move-confirmation": Sentence("Confirm the breach", "Confirmer la violation"),
    "move-dismissal": Sentence("Dismiss the case", "Classer l’alerte"),
    "move-closing": Sentence("Close the case", "Clore le dossier"),
    "move-confirmation-does": Sentence(
        "Starts the clock of Article 33: the authority must hear of it within 72 hours, unless a risk is unlikely.",
        "Fait courir le délai de l’article 33 : l’autorité doit être informée sous 72 heures, sauf si un risque est peu probable.",
    ),
    "move-dismissal-does": Sentence(
        "Keeps the evidence and your reason; nobody else is told.", "Conserve les éléments et votre motif ; personne d’autre n’est informé."
    ),
    "move-closing-does": Sentence(
        "Says what became of the duty to notify, and stops the clock.",
        "Dit ce qu’il est advenu de l’obligation de notifier, et arrête le délai.",
    ),
    "reason-unauthorised-access": Sentence("unauthorised access", "accès non autorisé"),
    "reason-unauthorised-disclosure": Sentence("unauthorised disclosure", "divulgation non autorisée"),
    "reason-alteration": Sentence("alteration", "altération"),
    "reason-loss": Sentence("loss", "perte"),
    "reason-access-justified": Sentence("the access was justified", "l’accès était justifié"),
    "reason-false-alarm": Sentence("false alarm", "fausse alerte"),
    "reason-technical-cause": Sentence("technical cause", "cause technique"),
    "reason-test-or-training": Sentence("test or training", "test ou formation"),
    "reason-authority-notified": Sentence("the authority was notified", "l’autorité a été notifiée"),
    "reason-risk-unlikely": Sentence("a risk is unlikely", "un risque est peu probable"),
    "reason": Sentence("Reason", "Motif"),
    "no-step-left": Sentence(
        "This case has ended; it is kept with its evidence.", "Ce dossier est terminé ; il est conservé avec ses éléments."
    ),
    "clocks": Sentence("Clocks", "Délais"),
    "clock-assessment": Sentence("Assessment", "Évaluation"),
    "clock-authority": Sentence("Notice to the authority", "Notification à l’autorité"),
    "stopped": Sentence("stopped", "arrêté le"),
    "timeline": Sentence("Timeline", "Chronologie"),
    "evidence": Sentence("Evidence", "Éléments"),
    "evidence-by": Sentence("By the account", "Par le compte"),
    "evidence-between": Sentence("Ledger entries between", "Entrées du registre entre"),
    "evidence-count": Sentence("How many", "Combien"),
    "evidence-notes": Sentence("Notes in the ledger", "Notes du registre"),
    "evidence-version": Sentence("Version of the rule", "Version de la règle"),
    "evidence-request": Sentence("The patient’s request", "La demande du patient"),
    "evidence-level": Sentence("Level", "Niveau"),
    "evidence-grant": Sentence("Emergency access", "Accès en urgence"),
    "evidence-patient": Sentence("Patient", "Patient"),
    "evidence-and": Sentence("and", "et"),
    "affected": Sentence("People affected", "Personnes concernées"),
    "affected-none-yet": Sentence(
        "Being computed from the ledger; reload in a moment.", "Calcul en cours à partir du registre ; rechargez dans un instant."
    ),
    "affected-counted": Sentence("patients, from the ledger up to entry", "patients, d’après le registre jusqu’à l’entrée"),
    "affected-known": Sentence("patient, known from the start", "patient, connu dès le départ"),
    "affected-show": Sentence("Show who (this is noted in each one’s trail)", "Montrer qui (noté dans la trace de chacun)"),
    "reviews-intro": Sentence(
        "Every emergency access is judged by a privacy officer within 72 hours. “Not justified” opens a case.",
        "Chaque accès en urgence est jugé par un délégué sous 72 heures. « Non justifié » ouvre un dossier.",
    ),
    "reviews-none": Sentence(
        "Nothing to review. When somebody breaks the glass, it appears here at once.",
        "Rien à revoir. Dès que quelqu’un utilise le bris de glace, cela apparaît ici aussitôt.",
    ),
    "review": Sentence("Emergency access", "Accès en urgence"),
    "review-open": Sentence("to review", "à revoir"),
    "review-justified": Sentence("justified", "justifié"),
    "review-not-justified": Sentence("not justified", "non justifié"),
    "stated-reason": Sentence("What the clinician gave as reason", "Le motif donné par le clinicien"),
    "followed-up": Sentence("The clinician wrote in the chart meanwhile.", "Le clinicien a écrit dans le dossier entre-temps."),
    "not-followed-up": Sentence("The clinician wrote nothing in the chart.", "Le clinicien n’a rien écrit dans le dossier."),
    "lasted": Sentence("Open until", "Ouvert jusqu’au"),
    "find-justified": Sentence("Justified", "Justifié"),
    "find-not-justified": Sentence("Not justified: open a case", "Non justifié : ouvrir un dossier"),
    "opened-case": Sentence("It opened the case", "Cela a ouvert le dossier"),
}
