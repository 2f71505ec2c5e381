"""Sets the login form in French or English."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shared.errors import Sentence

_WORDS = {
    "title": Sentence("Sign in to Serment", "Se connecter à Serment"),
    "login": Sentence("Name", "Nom"),
    "password": Sentence("Password", "Mot de passe"),
    "submit": Sentence("Sign in", "Se connecter"),
    "cancel": Sentence("Cancel", "Annuler"),
    "other-language": Sentence("Français", "English"),
    "where": Sentence(
        "This page is part of the demo on this machine; the accounts and their passwords are in accounts.json of its data folder.",
        "Cette page fait partie de la démonstration sur cette machine ; les comptes et leurs mots de passe sont dans accounts.json "
        "de son dossier de données.",
    ),
}
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def set_form(language: str, asked: Mapping[str, str], *, login: str = "", wrong: Sentence | None = None, cancel_url: str | None) -> str:
    """The password is never set again. Without `cancel_url` there is only the sentence."""

    def say(key: str) -> str:
        return _WORDS[key].in_language(language)

    other = "en" if language == "fr" else "fr"
    return _templates.get_template("form.html").render(
        say=say,
        language=language,
        other=other,
        action=f"/authorize?{urlencode(asked)}",
        other_url=f"/authorize?{urlencode({**asked, 'ui_locales': other})}",
        login=login,
        wrong=wrong.in_language(language) if wrong else None,
        cancel_url=cancel_url,
    )
