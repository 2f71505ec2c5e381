"""Tells one ledger entry as a plain sentence, in French or English; what it has no word for is told as it stands."""

from dataclasses import dataclass
from datetime import datetime

from services.portal.ledger_activity import Entry
from shared.errors import Sentence

_PROFESSIONS = {
    "clinician": Sentence("clinician", "soignant"),
    "clerk": Sentence("clerk", "agent d’accueil"),
    "privacy-officer": Sentence("privacy officer", "délégué à la protection des données"),
    "trainer": Sentence("trainer", "formateur"),
    "operator": Sentence("operator", "exploitant"),
    "patient": Sentence("patient", "patient"),
    "integration": Sentence("interface", "interface"),
}
_SOMEONE = Sentence("someone", "quelqu’un")
_ACTIONS = {
    "read": Sentence("read", "a lu"),
    "search": Sentence("searched", "a cherché"),
    "create": Sentence("created", "a créé"),
    "update": Sentence("updated", "a modifié"),
    "delete": Sentence("deleted", "a supprimé"),
    "erase": Sentence("erased", "a effacé"),
    "break-glass": Sentence("broke the glass of", "a utilisé le bris de glace pour"),
    "review": Sentence("reviewed", "a examiné"),
}
_DID = Sentence("did", "a fait")
_SOMETHING = Sentence("something", "quelque chose")
_RELATIONSHIPS = {
    "participant": Sentence("care team", "équipe de soins"),
    "unit": Sentence("same unit", "même unité"),
    "self": Sentence("own chart", "son propre dossier"),
    "none": Sentence("no care relationship", "sans lien de soins"),
}
_OUTCOMES = {
    "answered": Sentence("answered", "répondu"),
    "refused": Sentence("refused", "refusé"),
    "hidden": Sentence("hidden", "masqué"),
    "gone": Sentence("gone", "n’existe plus"),
    "not-found": Sentence("not found", "introuvable"),
    "unreadable": Sentence("unreadable", "illisible"),
    "invalid": Sentence("invalid request", "demande invalide"),
    "conflict": Sentence("conflict", "conflit"),
}
_REASONS = {
    "purpose-not-for-profession": Sentence("purpose is not of this profession", "motif étranger à la profession"),
    "other-site": Sentence("signed in for another site", "connecté pour un autre site"),
    "not-for-this-role": Sentence("not for this role", "hors de ce rôle"),
    "chart-erased": Sentence("the chart was erased", "dossier effacé"),
    "not-your-own-chart": Sentence("not their own chart", "pas son propre dossier"),
    "no-care-relationship": Sentence("not in the care team", "hors de l’équipe de soins"),
    "patient-objected": Sentence("the patient objected", "le patient s’y est opposé"),
    "no-consent": Sentence("the patient has not consented", "le patient n’y a pas consenti"),
    "duties-lapsed": Sentence("training has lapsed", "formation plus à jour"),
    "not-on-staff": Sentence("not on the staff list", "absent de la liste du personnel"),
    "consent-view-stale": Sentence("the patient's latest choices were unknown", "derniers choix du patient inconnus"),
    "standing-unknown": Sentence("their standing was unknown", "situation inconnue"),
}
_MOODS = {"answered": "good", "refused": "refused"}
_SEALED = Sentence("an entry whose content can no longer be opened", "une entrée dont le contenu ne s’ouvre plus")
_SIGNED = Sentence("entry {}, signed", "entrée {}, signée")
_UNSIGNED = Sentence("entry {}, being signed", "entrée {}, signature en cours")


@dataclass(frozen=True, slots=True)
class Line:
    """One entry, ready to be set: `mood` colours it, and is never the only thing that tells."""

    index: int
    moment: str
    clock: str
    what: str
    why: str
    outcome: str
    proof: str
    mood: str


def tell(entry: Entry, language: str) -> Line:
    known = entry.time is not None or entry.action is not None
    proof = (_SIGNED if entry.signed else _UNSIGNED).in_language(language).format(entry.index)
    return Line(
        index=entry.index,
        moment=entry.time or "",
        clock=_clock(entry.time),
        what=_what(entry, language) if known else _SEALED.in_language(language),
        why="" if entry.reason else _word(_RELATIONSHIPS, entry.relationship, language),
        outcome=_outcome(entry, language),
        proof=proof,
        mood=_MOODS.get(entry.outcome or "", "other"),
    )


def outcome_in(code: str | None, language: str) -> str:
    """What an access came to."""
    return _word(_OUTCOMES, code, language)


def reason_in(code: str | None, language: str) -> str:
    """Why something was refused, in plain words."""
    return _word(_REASONS, code, language)


def _clock(time: str | None) -> str:
    try:
        return datetime.fromisoformat(time or "").strftime("%H:%M:%S")
    except ValueError:
        return "--:--:--"


def _what(entry: Entry, language: str) -> str:
    verb = _word(_ACTIONS, entry.action, language) or _DID.in_language(language)
    return f"{_who(entry, language)} {verb} {_object(entry, language)}"


def _who(entry: Entry, language: str) -> str:
    who = _word(_PROFESSIONS, entry.profession, language) or _SOMEONE.in_language(language)
    place = entry.unit or entry.site
    if not place:
        return who
    if language == "fr":
        return f"{who} d’{place}" if place[0].lower() in "aeiouyhéè" else f"{who} de {place}"
    return f"{who} of {place}"


def _object(entry: Entry, language: str) -> str:
    kind = entry.resource_type
    if not kind:
        return _SOMETHING.in_language(language)
    if language == "fr":
        return f"des ressources {kind}" if entry.action == "search" else f"une ressource {kind}"
    if entry.action == "search":
        return f"{kind} resources"
    return f"an {kind}" if kind[0] in "AEIO" else f"a {kind}"


def _outcome(entry: Entry, language: str) -> str:
    outcome = _word(_OUTCOMES, entry.outcome, language)
    reason = _word(_REASONS, entry.reason, language)
    between = " : " if language == "fr" else ": "
    return between.join(part for part in (outcome, reason) if part)


def _word(words: dict[str, Sentence], code: str | None, language: str) -> str:
    if code is None:
        return ""
    return words[code].in_language(language) if code in words else code
