"""What the pages of charts say, in both languages."""

from shared.errors import Sentence

CHARTS = {
    "charts-intro": Sentence(
        "Open a chart by the patient’s number. Opening it is noted before you see it; the patient can read who looked.",
        "Ouvrez un dossier par le numéro du patient. L’ouverture est notée avant que vous le "
        "voyiez ; le patient peut lire qui l’a regardé.",
    ),
    "patient-number": Sentence("Patient’s number", "Numéro du patient"),
    "open-chart": Sentence("Open the chart", "Ouvrir le dossier"),
    "born": Sentence("born", "né(e) le"),
    "gender-male": Sentence("male", "masculin"),
    "gender-female": Sentence("female", "féminin"),
    "gender-other": Sentence("other", "autre"),
    "gender-unknown": Sentence("unknown", "inconnu"),
    "nameless": Sentence("No name in the record", "Aucun nom dans le dossier"),
    "problems": Sentence("Problems", "Problèmes"),
    "medication": Sentence("Medication", "Traitements"),
    "results": Sentence("Results", "Résultats"),
    "encounters": Sentence("Encounters", "Venues"),
    "documents": Sentence("Documents and reports", "Documents et comptes rendus"),
    "nothing-of-this": Sentence(
        "Nothing of this in the record, or nothing that you may see.", "Rien de cela dans le dossier, ou rien que vous puissiez voir."
    ),
    "unnamed": Sentence("without a name", "sans nom"),
    "and-more": Sentence("more are in the record", "de plus dans le dossier"),
    "values": Sentence("values", "valeurs"),
    "plot-from": Sentence("from", "de"),
    "plot-to": Sentence("to", "à"),
    "shut": Sentence("This chart is shut for you", "Ce dossier vous est fermé"),
    "break-glass": Sentence("Break the glass", "Utiliser le bris de glace"),
    "break-glass-does": Sentence(
        "Only in an emergency: the chart opens for four hours, for you alone. The patient and the privacy officers are told at once, "
        "and somebody examines your reason within 72 "
        "hours.",
        "Seulement en urgence : le dossier s’ouvre pour quatre heures, pour vous seul. Le "
        "patient et les délégués en sont informés aussitôt, "
        "et quelqu’un examine votre motif sous 72 heures.",
    ),
    "emergency-reason": Sentence("Why this is an emergency (10 to 500 characters)", "Pourquoi c’est une urgence (10 à 500 caractères)"),
    "emergency-open": Sentence("Open by emergency until", "Ouvert en urgence jusqu’au"),
    "noted-as": Sentence("This view was noted as", "Cette consultation est notée sous"),
}
