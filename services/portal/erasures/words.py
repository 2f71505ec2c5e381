"""What the pages of erasures say, in both languages."""

from shared.errors import Sentence

ERASURES = {
    "erasures-intro": Sentence(
        "Erasing destroys the keys of a chart, here and for ever: on no replica and from no backup does anything of it open again. "
        "One officer proposes, another confirms; the ledger keeps that it happened.",
        "L’effacement détruit les clés d’un dossier, ici et pour toujours : sur aucune réplique et depuis aucune sauvegarde rien ne s’en "
        "ouvre plus. Un délégué propose, un autre confirme ; le registre garde la trace de l’effacement.",
    ),
    "erasures-waiting": Sentence("Waiting for a second officer", "En attente d’un second délégué"),
    "erasures-none": Sentence(
        "Nothing waits. What an officer proposes below appears here, for another one to confirm.",
        "Rien n’attend. Ce qu’un délégué propose ci-dessous apparaît ici, pour qu’un autre confirme.",
    ),
    "erasure-own": Sentence(
        "You proposed this: another officer must confirm it.", "C’est votre proposition : un autre délégué doit la confirmer."
    ),
    "erasure-sure": Sentence(
        "I have checked retention and legal holds; this cannot be undone.",
        "J’ai vérifié la conservation et les obligations légales ; ceci est irréversible.",
    ),
    "erasure-not-sure": Sentence(
        "Tick that you have checked, then confirm again.", "Cochez que vous avez vérifié, puis confirmez de nouveau."
    ),
    "erasure-confirm": Sentence("Erase this chart for ever", "Effacer ce dossier pour toujours"),
    "erasure-propose": Sentence("Propose an erasure", "Proposer un effacement"),
    "erasure-number": Sentence("Number of the patient’s record", "Numéro du dossier du patient"),
    "erasure-number-wrong": Sentence(
        "That is no number of a record. A request of the patient, or a trail, shows it.",
        "Ce n’est pas un numéro de dossier. Une demande du patient, ou sa trace, l’indique.",
    ),
    "erasure-grounds": Sentence("Grounds", "Fondement"),
    "grounds-person-asked": Sentence("the person asked, and the law allows it", "la personne l’a demandé, et la loi le permet"),
    "grounds-retention-ended": Sentence("retention has ended", "la durée de conservation est écoulée"),
    "grounds-unlawful": Sentence("the data were never lawful", "les données n’ont jamais été licites"),
    "erased": Sentence("The chart is erased", "Le dossier est effacé"),
    "erased-since": Sentence("Its keys were destroyed", "Ses clés ont été détruites le"),
    "proposed": Sentence("proposed", "proposé le"),
}
