"""What the pages of charts say, in both languages."""

from shared.errors import Sentence

CHARTS = {
    "charts-intro": Sentence(
        "Find a patient by an exact number, or by family name and birth date. Whom you find is noted, and so is each chart you open: "
        "the patient can read who looked.",
        "Trouvez un patient par un numéro exact, ou par le nom de famille et la date de naissance. Qui vous trouvez est noté, "
        "comme chaque dossier que vous ouvrez : le patient peut lire qui l’a regardé.",
    ),
    "find-by-number": Sentence("By a number", "Par un numéro"),
    "find-by-name": Sentence("By name and birth date", "Par le nom et la date de naissance"),
    "patient-number": Sentence(
        "National identifier, hospital number or record number", "Identifiant national, numéro d’hôpital ou de dossier"
    ),
    "family-name": Sentence("Family name, in full", "Nom de famille, en entier"),
    "birth-date": Sentence("Birth date", "Date de naissance"),
    "find-patient": Sentence("Find the patient", "Trouver le patient"),
    "find-wrong": Sentence(
        "Give a number, or both the family name and the birth date.", "Indiquez un numéro, ou le nom de famille avec la date de naissance."
    ),
    "found-one": Sentence("patient found", "patient trouvé"),
    "found-several": Sentence("patients found", "patients trouvés"),
    "found-none": Sentence("Nobody found", "Personne n’a été trouvé"),
    "found-none-then": Sentence(
        "Check the spelling and the date: only whole, exact values find. The patient may not be registered at this site yet.",
        "Vérifiez l’orthographe et la date : seules des valeurs entières et exactes trouvent. "
        "Le patient n’est peut-être pas encore inscrit sur ce site.",
    ),
    "found-shut": Sentence("A chart that is shut for you", "Un dossier qui vous est fermé"),
    "found-shut-then": Sentence(
        "It matches; you do not take part in this patient’s care. Opening it says why, and what you can do in an emergency.",
        "Il correspond ; vous ne participez pas aux soins de ce patient. L’ouvrir dit pourquoi, et que faire en urgence.",
    ),
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
    "and-others": Sentence("This chart is very long: more are in the record.", "Ce dossier est très long : il en contient d’autres."),
    "values": Sentence("values", "valeurs"),
    "plot-from": Sentence("from", "de"),
    "plot-to": Sentence("to", "à"),
    "shut": Sentence("This chart is shut for you", "Ce dossier vous est fermé"),
    "break-glass": Sentence("Break the glass", "Utiliser le bris de glace"),
    "break-glass-does": Sentence(
        "Only in an emergency: the chart opens for four hours, for you alone. The patient and the privacy officers are told at once, "
        "and somebody examines your reason within 72 "
        "hours.",
        "Seulement en urgence : le dossier s’ouvre pour quatre heures, pour vous seul. Le "
        "patient et les délégués en sont informés aussitôt, "
        "et quelqu’un examine votre motif sous 72 heures.",
    ),
    "emergency-reason": Sentence("Why this is an emergency (10 to 500 characters)", "Pourquoi c’est une urgence (10 à 500 caractères)"),
    "emergency-open": Sentence("Open by emergency until", "Ouvert en urgence jusqu’au"),
    "person-addresses": Sentence("Addresses", "Adresses"),
    "person-contacts": Sentence("Telephone and mail", "Téléphone et courriel"),
    "person-numbers": Sentence("Numbers", "Numéros"),
    "person-none": Sentence("none in the record", "aucun dans le dossier"),
    "person-only": Sentence(
        "What is medical in this record is not for the admissions desk.",
        "Ce qui est médical dans ce dossier n’est pas destiné à l’accueil.",
    ),
    "noted-as": Sentence("This view was noted as", "Cette consultation est notée sous"),
}
