"""What the pages of traces say, in both languages."""

from shared.errors import Sentence

TRACES = {
    "traces-intro": Sentence(
        "What one request set going, from the service that took it to the ledger, the case and the mail. The newest fifty are listed; "
        "reload to ask again.",
        "Ce qu’une requête a déclenché, du service qui l’a reçue au registre, à l’alerte et au courriel. Les cinquante plus récentes ; "
        "rechargez pour redemander.",
    ),
    "traces-none": Sentence(
        "No trace fits. A trace is here a second or two after its request, until newer ones take its place.",
        "Aucune trace ne correspond. Une trace arrive ici une ou deux secondes après sa requête, et reste jusqu’à ce que de plus récentes "
        "prennent sa place.",
    ),
    "traces-not-here": Sentence("No collector of traces is named.", "Aucun collecteur de traces n’est indiqué."),
    "traces-how": Sentence(
        "Set OTEL_EXPORTER_OTLP_ENDPOINT for every service, and for the portal SERMENT_TRACES_URL (the small collector that make run "
        "starts) or SERMENT_TRACING_UI (the address of a trace in your tracing UI, with {trace} in the place of its id).",
        "Définissez OTEL_EXPORTER_OTLP_ENDPOINT pour chaque service et, pour le portail, SERMENT_TRACES_URL (le petit collecteur que "
        "make run démarre) ou SERMENT_TRACING_UI (l’adresse d’une trace dans votre outil, avec {trace} à la place de son identifiant).",
    ),
    "traces-elsewhere": Sentence(
        "Traces are kept in your tracing UI. A line of the logs tells the id of its trace: search it there, or add it to /traces/ here.",
        "Les traces sont conservées dans votre outil. Une ligne des journaux donne l’identifiant de sa trace : cherchez-le là-bas, ou "
        "ajoutez-le après /traces/ ici.",
    ),
    "traces-silent": Sentence(
        "The collector of traces does not answer at the moment. Nothing else waits for it.",
        "Le collecteur de traces ne répond pas en ce moment. Rien d’autre ne l’attend.",
    ),
    "trace": Sentence("Trace", "Trace"),
    "trace-in-ui": Sentence("Open in the tracing UI", "Ouvrir dans l’outil de traces"),
    "trace-elsewhere": Sentence(
        "This trace is not here; your tracing UI may have it.", "Cette trace n’est pas ici ; votre outil l’a peut-être."
    ),
    "trace-service": Sentence("Service", "Service"),
    "trace-any-service": Sentence("any service", "tout service"),
    "trace-name": Sentence("First span’s name", "Nom du premier segment"),
    "trace-filter": Sentence("Show", "Afficher"),
    "trace-start": Sentence("Start", "Début"),
    "trace-duration": Sentence("Duration", "Durée"),
    "trace-services": Sentence("Services", "Services"),
    "trace-span": Sentence("Span", "Segment"),
    "trace-spans-one": Sentence("span", "segment"),
    "trace-spans": Sentence("spans", "segments"),
    "trace-facts": Sentence("Facts", "Données"),
    "trace-after": Sentence("after", "après"),
    "trace-lasts": Sentence("lasts", "dure"),
    "trace-table": Sentence("The same as a table", "La même chose en tableau"),
    "trace-failed": Sentence("failed", "échec"),
    "trace-alone": Sentence("parent not collected", "parent non collecté"),
    "trace-early": Sentence("before its parent: another clock", "avant son parent : autre horloge"),
    "trace-links": Sentence("linked:", "liée à :"),
    "trace-left-out": Sentence(
        "further spans of this trace are not shown; those that began first are.",
        "autres segments de cette trace ne sont pas montrés ; ceux qui ont commencé les premiers le sont.",
    ),
}
