"""Sets pages and their parts from templates that escape whatever they are given, in the reader's language."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.portal.cookies import LANGUAGE, set_cookie
from services.portal.telling import tell
from services.portal.watch_activity import Seen, State
from services.portal.words import WORDS
from shared.http import language_of

HERE = Path(__file__).parent
STATIC = HERE / "static"
_YEAR = 365 * 24 * 3600
_LANGUAGES = frozenset({"fr", "en"})
_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def language_for(request: Request) -> str:
    """`?lang=` before the cookie before the browser's own wish."""
    for asked in (request.query_params.get("lang"), request.cookies.get(LANGUAGE)):
        if asked in _LANGUAGES:
            return str(asked)
    return language_of(request.headers.get("accept-language"))


def _set(name: str, language: str, **what: Any) -> str:
    def say(key: str) -> str:
        return WORDS[key].in_language(language)

    return _templates.get_template(name).render(say=say, language=language, **what)


def page(name: str, request: Request, *, status: int = 200, **what: Any) -> HTMLResponse:
    """A whole page; a language chosen by `?lang=` is remembered."""
    language = language_for(request)
    other = "en" if language == "fr" else "fr"
    response = HTMLResponse(
        _set(name, language, other=other, other_url=f"?{urlencode({'lang': other})}", **what),
        status_code=status,
        headers={"cache-control": "no-store", "content-language": language, "vary": "accept-language, cookie"},
    )
    if request.query_params.get("lang") in _LANGUAGES:
        set_cookie(response, LANGUAGE, language, seconds=_YEAR)
    return response


def problem_page(sentence: str, request: Request, *, status: int) -> HTMLResponse:
    return page("problem.html", request, status=status, sentence=sentence)


def lines(seen: Seen, language: str) -> dict[str, Any]:
    """What the list's template takes: newest first."""
    return {
        "new": [tell(entry, language) for entry in reversed(seen.new)],
        "signed": [tell(entry, language) for entry in seen.signed],
        "passed_over": seen.passed_over,
    }


def set_lines(seen: Seen, language: str) -> str:
    return _set("lines.html", language, **lines(seen, language))


def set_state(state: State, language: str) -> str:
    return _set("state.html", language, state=state, swap=True)
