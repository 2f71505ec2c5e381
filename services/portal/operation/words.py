"""What the operator's page says, in both languages."""

from shared.errors import Sentence

OPERATION = {
    "operation-intro": Sentence(
        "What each service says of itself at this moment, and how far the ledger has come. Reload to ask again.",
        "Ce que chaque service dit de lui-même en ce moment, et où en est le registre. Rechargez pour redemander.",
    ),
    "services": Sentence("Services", "Services"),
    "service-up": Sentence("ready", "prêt"),
    "service-down": Sentence("not ready", "pas prêt"),
    "service-silent": Sentence("silent", "silencieux"),
    "needs-down": Sentence("without:", "sans :"),
    "ledger": Sentence("Ledger", "Registre"),
    "ledger-silent": Sentence(
        "The ledger does not answer. Notes wait in Kafka meanwhile; nothing is lost.",
        "Le registre ne répond pas. Les notes attendent dans Kafka ; rien ne se perd.",
    ),
    "log": Sentence("Log", "Journal"),
    "log-size": Sentence("Entries", "Entrées"),
    "log-signed": Sentence("Signed", "Signées"),
    "log-lag": Sentence("Waiting in Kafka", "En attente dans Kafka"),
    "log-suspicions": Sentence("Suspicions", "Soupçons"),
    "log-stopped": Sentence("stopped", "arrêté"),
    "unknown-here": Sentence("not known here", "inconnu ici"),
    "parked-how": Sentence(
        "Parked messages are listed and replayed with serment parked.",
        "Les messages mis de côté sont listés et rejoués avec serment parked.",
    ),
}
