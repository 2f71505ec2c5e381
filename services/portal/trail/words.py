"""What the page of a patient's trail says, in both languages."""

from shared.errors import Sentence

TRAIL = {
    "trail-intro": Sentence(
        "Everybody who asked for your record, and what they were answered. Each line stands in a signed ledger that nobody can change.",
        "Toutes les personnes qui ont demandé votre dossier, et la réponse reçue. Chaque ligne figure dans un registre signé "
        "que personne ne peut modifier.",
    ),
    "trail-none": Sentence(
        "Nobody has asked for your record yet. As soon as somebody does, you read it here.",
        "Personne n’a encore demandé votre dossier. Dès que quelqu’un le fait, vous le lisez ici.",
    ),
    "trail-of-patient": Sentence("Who saw this record", "Qui a vu ce dossier"),
    "trail-nothing": Sentence("The ledger holds nothing about this patient.", "Le registre ne contient rien sur ce patient."),
    "trail-proofs": Sentence(
        "Each number leads to the proof that this entry stands in the signed ledger. Reading this page was noted, too.",
        "Chaque numéro mène à la preuve que cette entrée figure dans le registre signé. La lecture de cette page est notée, elle aussi.",
    ),
    "the-record": Sentence("the record", "le dossier"),
    "trail-times": Sentence("times", "fois"),
    "trail-refused": Sentence("refused", "refusé"),
    "trail-emergency": Sentence("emergency access", "accès en urgence"),
    "trail-because": Sentence("because", "car"),
    "trail-for": Sentence("for", "pour"),
    "trail-number-one": Sentence("ledger entry", "entrée du registre"),
    "trail-number": Sentence("ledger entries", "entrées du registre"),
    "trail-wrong": Sentence("This looks wrong: ask", "Cela paraît anormal : demander"),
    "self": Sentence("You", "Vous"),
    "somebody": Sentence("Somebody", "Quelqu’un"),
    "did-read": Sentence("read", "a lu"),
    "did-search": Sentence("looked through", "a parcouru"),
    "did-create": Sentence("added to", "a ajouté à"),
    "did-update": Sentence("changed", "a modifié"),
    "did-delete": Sentence("removed from", "a retiré de"),
    "did-erase": Sentence("erased", "a effacé"),
    "did-prepare-erasure": Sentence("prepared the erasure of", "a préparé l’effacement de"),
    "did-break-glass": Sentence("opened in an emergency", "a ouvert en urgence"),
    "did-ask-emergency": Sentence("asked about an emergency access to", "s’est renseigné sur un accès en urgence à"),
    "did-review": Sentence("reviewed the emergency access to", "a examiné l’accès en urgence à"),
    "you-read": Sentence("read", "avez lu"),
    "you-search": Sentence("looked through", "avez parcouru"),
    "did": Sentence("did something with", "a agi sur"),
    "your-record": Sentence("your record", "votre dossier"),
    "why-participant": Sentence("they take part in the care", "cette personne participe aux soins"),
    "why-unit": Sentence("their unit takes part in the care", "son unité participe aux soins"),
    "why-none": Sentence("their task allows it", "sa fonction le permet"),
    "why-self": Sentence("it is their own record", "c’est son propre dossier"),
    "purpose-HCOMPL": Sentence("checking that the rules are kept", "vérifier le respect des règles"),
    "purpose-RECORDMGT": Sentence("keeping the records", "la gestion des dossiers"),
    "purpose-PATRQT": Sentence("a request of yours", "une demande de votre part"),
}
