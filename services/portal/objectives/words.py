"""What the page of privacy objectives says, in both languages."""

from shared.errors import Sentence

OBJECTIVES = {
    "objectives": Sentence("Health of the privacy objectives", "État des objectifs de protection des données"),
    "objectives-intro": Sentence(
        "What the group promises about every access and every choice, held against what is measured now. Reload to measure again.",
        "Ce que le groupe promet pour chaque accès et chaque choix, comparé à ce qui est mesuré en ce moment. Rechargez pour remesurer.",
    ),
    "objective-met": Sentence("met", "tenu"),
    "objective-missed": Sentence("not met", "non tenu"),
    "objective-unknown": Sentence("not known", "inconnu"),
    "measured": Sentence("Measured:", "Mesuré :"),
    "measured-oldest": Sentence("the oldest has waited for", "l’attente la plus longue est de"),
    "measured-nothing": Sentence("nothing waits", "rien n’attend"),
    "unheard": Sentence("Not said by:", "Non communiqué par :"),
    "unheard-do": Sentence(
        "What is not said is neither kept nor broken: ask an operator why it is not said, then reload.",
        "Ce qui n’est pas communiqué n’est ni tenu ni manqué : demandez la raison à un exploitant, puis rechargez.",
    ),
    "objective-outbox": Sentence("No note waits long in a service", "Aucune note n’attend longtemps dans un service"),
    "objective-outbox-held": Sentence(
        "A note that Kafka did not take at once is kept by its service, and sent on within 60 seconds.",
        "Une note que Kafka n’a pas prise aussitôt est conservée par son service, et transmise en moins de 60 secondes.",
    ),
    "objective-outbox-do": Sentence(
        "Nothing is lost, but the ledger and the trails miss these notes until they arrive. Ask an operator whether Kafka is down. "
        "Patients who ask meanwhile who saw their record may be told too little: say so.",
        "Rien n’est perdu, mais le registre et les traces ignorent ces notes jusqu’à leur arrivée. Demandez à un exploitant si Kafka est "
        "arrêté. Un patient qui demande entre-temps qui a vu son dossier peut recevoir une réponse incomplète : dites-le-lui.",
    ),
    "objective-kafka": Sentence("The ledger takes each note in soon", "Le registre reçoit vite chaque note"),
    "objective-kafka-held": Sentence(
        "A note that Kafka has is in the ledger within 60 seconds, and no log has stopped.",
        "Une note remise à Kafka est dans le registre en moins de 60 secondes, et aucun journal n’est arrêté.",
    ),
    "objective-kafka-do": Sentence(
        "Notes wait in Kafka and none is lost, but suspicious accesses are not found in them yet. Ask an operator to look at the ledger. "
        "A log that has stopped itself saw something that must not be: read the newest cases before it is started again.",
        "Les notes attendent dans Kafka et aucune ne se perd, mais les accès suspects n’y sont pas encore cherchés. Demandez à un "
        "exploitant d’examiner le registre. Un journal qui s’est arrêté a vu quelque chose d’anormal : lisez les dernières alertes avant "
        "de le relancer.",
    ),
    "objective-force": Sentence("What a patient decides is in force at once", "Ce qu’un patient décide s’applique aussitôt"),
    "objective-force-held": Sentence(
        "Every consent, objection and withdrawal is in force on every replica within 22 seconds, always.",
        "Chaque consentement, opposition et retrait s’applique sur toutes les répliques en moins de 22 secondes, toujours.",
    ),
    "objective-force-do": Sentence(
        "This must never be. Until the answer, the old choice may have been followed: ask for the accesses to that time in the trails, and "
        "judge whether it is a breach. Have an operator look at the clocks and leases of the replicas.",
        "Cela ne doit jamais arriver. Jusqu’à la réponse, l’ancien choix a pu être suivi : cherchez les accès de ce moment dans les traces "
        "et jugez s’il s’agit d’une violation. Faites vérifier par un exploitant les horloges et les baux des répliques.",
    ),
    "objective-typical": Sentence("A patient seldom waits for it", "Un patient attend rarement"),
    "objective-typical-held": Sentence(
        "Half of all changes or more are in force in less than one second.",
        "La moitié des changements au moins s’applique en moins d’une seconde.",
    ),
    "objective-typical-do": Sentence(
        "The promise holds, but patients wait for it. Usually a replica is gone without taking leave, or Kafka is slow: tell an operator.",
        "La promesse est tenue, mais les patients attendent. Le plus souvent, une réplique a disparu sans prévenir, ou Kafka est lent : "
        "prévenez un exploitant.",
    ),
    "objective-signed": Sentence("The ledger is signed", "Le registre est signé"),
    "objective-signed-held": Sentence(
        "No entry of the ledger goes unsigned for longer than 10 seconds.",
        "Aucune entrée du registre ne reste sans signature plus de 10 secondes.",
    ),
    "objective-signed-do": Sentence(
        "Until they are signed, these entries prove nothing to others. Ask an operator whether Vault answers. "
        "A suspicion named fork means that the ledger does not continue what was signed: keep every checkpoint you have, and open a case.",
        "Tant qu’elles ne sont pas signées, ces entrées ne prouvent rien à d’autres. Demandez à un exploitant si Vault répond. "
        "Un soupçon nommé fork signifie que le registre ne prolonge pas ce qui a été signé : gardez tous vos points de contrôle et ouvrez "
        "un dossier d’alerte.",
    ),
    "force-changes": Sentence("changes of the last day:", "changements du dernier jour :"),
    "force-slowest": Sentence("the slowest in force after", "le plus lent en vigueur après"),
    "force-half": Sentence("half of them within", "la moitié en moins de"),
    "last-signature": Sentence("Last signature", "Dernière signature"),
    "never-signed": Sentence("never", "jamais"),
    "log-ago": Sentence("{} ago", "il y a {}"),
    "log-unsigned": Sentence("Oldest unsigned entry", "Plus ancienne entrée non signée"),
    "log-waits": Sentence("Oldest note in Kafka", "Plus ancienne note dans Kafka"),
    "log-none": Sentence("none", "aucune"),
}
