"""What the pages of a patient's choices say, in both languages."""

from shared.errors import Sentence

CHOICES = {
    "choices-intro": Sentence(
        "You decide here who may open your record. A change is in force everywhere in the group before this page says so.",
        "Vous décidez ici qui peut ouvrir votre dossier. Un changement est en vigueur partout dans le groupe avant que cette page le dise.",
    ),
    "choices-now": Sentence("In force now", "En vigueur maintenant"),
    "choices-none": Sentence(
        "You have said nothing yet: the teams that care for you may open your record, and nobody uses it for research.",
        "Vous n’avez encore rien dit : les équipes qui vous soignent peuvent ouvrir votre "
        "dossier, et personne ne s’en sert pour la recherche.",
    ),
    "choices-change": Sentence("Change something", "Changer quelque chose"),
    "choices-past": Sentence("What you took back", "Ce que vous avez retiré"),
    "kind-consent": Sentence("You allow access", "Vous autorisez l’accès"),
    "kind-objection": Sentence("You object to access", "Vous vous opposez à l’accès"),
    "purpose-TREAT": Sentence("care", "les soins"),
    "purpose-HRESCH": Sentence("research", "la recherche"),
    "purpose-PATADMIN": Sentence("administration", "l’administration"),
    "purpose-what-TREAT": Sentence(
        "Care: staff of a unit open your record to treat you. It needs no consent; you may object to a unit or a hospital.",
        "Soins : le personnel d’une unité ouvre votre dossier pour vous soigner. Aucun consentement n’est requis ; "
        "vous pouvez vous opposer à une unité ou à un établissement.",
    ),
    "purpose-what-HRESCH": Sentence(
        "Research: researchers of the group read your record for studies, until you take it back. Nobody does without your consent.",
        "Recherche : des chercheurs du groupe lisent votre dossier pour des études, jusqu’à ce que vous le retiriez. "
        "Personne ne le fait sans votre consentement.",
    ),
    "words-everything": Sentence("of every kind, by everybody", "de toute sorte, par quiconque"),
    "words-for": Sentence("for", "pour"),
    "words-by-unit": Sentence("by the unit", "par l’unité"),
    "words-by-site": Sentence("by", "par"),
    "words-by-person": Sentence("by one person", "par une personne"),
    "words-labels": Sentence("of sensitive parts", "de parties sensibles"),
    "words-except": Sentence("with exceptions", "avec des exceptions"),
    "since": Sentence("since", "depuis le"),
    "ended": Sentence("taken back", "retiré le"),
    "take-back": Sentence("Take it back", "Retirer"),
    "object-to-unit": Sentence("Object to a unit", "S’opposer à une unité"),
    "object-to-site": Sentence("Object to a hospital", "S’opposer à un établissement"),
    "allow-research": Sentence("Allow research", "Autoriser la recherche"),
    "see-what": Sentence("See what it would do", "Voir ce que cela ferait"),
    "would-do": Sentence("What this would do", "Ce que cela ferait"),
    "would-object": Sentence(
        "As soon as you save, nobody there can open your record, in any hospital of the group. What they noted before stays.",
        "Dès que vous enregistrez, personne à cet endroit ne peut ouvrir votre dossier, dans aucun établissement du groupe. "
        "Ce qui a été noté auparavant reste.",
    ),
    "would-emergency": Sentence(
        "In an emergency a clinician can still break the glass: you are told, and a privacy officer examines why.",
        "En urgence, un clinicien peut encore utiliser le bris de glace : vous en êtes informé, et un délégué examine pourquoi.",
    ),
    "would-care": Sentence(
        "The teams there will not see your history when they treat you. Talk to them if you are unsure.",
        "Les équipes de cet endroit ne verront plus vos antécédents en vous soignant. Parlez-en avec elles en cas de doute.",
    ),
    "would-allow": Sentence(
        "Researchers of the group may read your record for studies. Your care does not depend on it, and you can take it back at any time.",
        "Des chercheurs du groupe pourront lire votre dossier pour des études. Vos soins n’en dépendent pas, et vous pouvez le retirer "
        "à tout moment.",
    ),
    "save": Sentence("Save this choice", "Enregistrer ce choix"),
    "leave-it": Sentence("Leave it as it is", "Ne rien changer"),
    "receipt": Sentence("Receipt", "Reçu"),
    "receipt-given": Sentence("Your choice is in force everywhere.", "Votre choix est en vigueur partout."),
    "receipt-ended": Sentence("You took this back; that is in force everywhere.", "Vous l’avez retiré ; c’est en vigueur partout."),
    "receipt-since": Sentence("In force since", "En vigueur depuis le"),
    "receipt-how": Sentence("servers of all hospitals confirmed it, after", "serveurs de tous les établissements l’ont confirmé, après"),
    "receipt-left": Sentence(
        "server(s) did not answer and can no longer open any record", "serveur(s) n’ont pas répondu et n’ouvrent plus aucun dossier"
    ),
    "receipt-number": Sentence("Number in the group", "Numéro dans le groupe"),
    "receipt-reference": Sentence("Reference", "Référence"),
    "receipt-print": Sentence("Print this page or keep the reference.", "Imprimez cette page ou gardez la référence."),
    "no-such-choice": Sentence("There is no such choice of yours.", "Ce choix n’existe pas parmi les vôtres."),
    "messages-intro": Sentence("What we had to tell you, the newest first.", "Ce que nous avions à vous dire, le plus récent d’abord."),
    "messages-none": Sentence(
        "There is no message for you. If your record is opened in an emergency, you are told here.",
        "Aucun message pour vous. Si votre dossier est ouvert en urgence, vous en serez informé ici.",
    ),
}
