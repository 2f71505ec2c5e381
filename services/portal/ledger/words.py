"""What the page that searches the ledger says, in both languages."""

from shared.errors import Sentence

LEDGER = {
    "room-ledger": Sentence("Search the ledger", "Recherche"),
    "ledger-intro": Sentence(
        "Who asked for which record, and what they were answered. That you looked is noted for each patient you are shown.",
        "Qui a demandé quel dossier, et la réponse reçue. Pour chaque patient dont un accès vous est montré, votre consultation est notée.",
    ),
    "ledger-teach": Sentence(
        "Ask as narrowly as you can: a time of 31 days at most, and a person, a patient, a unit or an outcome. "
        "Pressing a name on any page brings you here with that account and that time.",
        "Cherchez aussi précisément que possible : une durée de 31 jours au plus, et une personne, un patient, une unité ou un résultat. "
        "Un nom, sur toute page, mène ici avec ce compte et cette période.",
    ),
    "ledger-none": Sentence(
        "Nothing in this time says all of that. Take away a field, or choose another time.",
        "Rien, sur cette période, ne correspond à tout cela. Retirez un critère, ou choisissez une autre période.",
    ),
    "ledger-none-yet": Sentence(
        "Nothing yet that says all of that. Older entries were not looked at: go on.",
        "Rien encore qui corresponde à tout cela. Les entrées plus anciennes n’ont pas été examinées : continuez.",
    ),
    "ledger-found": Sentence("What was found", "Résultats"),
    "ledger-looked": Sentence("Entries looked at:", "Entrées examinées :"),
    "ledger-back-to": Sentence("back to", "jusqu’au"),
    "ledger-go-on": Sentence("Go on with older ones", "Continuer avec les plus anciennes"),
    "ledger-search": Sentence("Search", "Rechercher"),
    "ledger-from": Sentence("From", "Du"),
    "ledger-to": Sentence("To (empty: now)", "Au (vide : maintenant)"),
    "ledger-actor": Sentence("Account", "Compte"),
    "ledger-patient": Sentence("Patient number", "Numéro du patient"),
    "ledger-more": Sentence("More fields", "Plus de critères"),
    "ledger-site": Sentence("Site", "Site"),
    "ledger-action": Sentence("Action", "Action"),
    "ledger-outcome": Sentence("Outcome", "Résultat"),
    "ledger-purpose": Sentence("Purpose", "Motif"),
    "ledger-emergency": Sentence("Emergency access only", "Accès en urgence seulement"),
    "ledger-any": Sentence("any", "indifférent"),
    "ledger-wrong": Sentence(
        "This field cannot be searched for as it was written.", "Ce critère, tel qu’il est écrit, ne peut être cherché."
    ),
    "ledger-wrong-time": Sentence(
        "The time must begin before it ends, and last 31 days at most.",
        "La période doit commencer avant de finir, et durer 31 jours au plus.",
    ),
    "ledger-sealed": Sentence("An entry whose content can no longer be opened.", "Une entrée dont le contenu ne s’ouvre plus."),
    "ledger-proof": Sentence("proof of entry", "preuve de l’entrée"),
    "action-read": Sentence("reading", "lecture"),
    "action-search": Sentence("search", "recherche"),
    "action-create": Sentence("adding", "ajout"),
    "action-update": Sentence("changing", "modification"),
    "action-delete": Sentence("removing", "suppression"),
    "action-erase": Sentence("erasure", "effacement"),
    "action-break-glass": Sentence("emergency access", "accès en urgence"),
    "action-review": Sentence("review of an emergency", "revue d’une urgence"),
    "purpose-TRAIN": Sentence("training", "la formation"),
    "purpose-HSYSADMIN": Sentence("running the systems", "l’exploitation"),
    "officer-purpose-PATRQT": Sentence("a request of the patient", "une demande du patient"),
}
