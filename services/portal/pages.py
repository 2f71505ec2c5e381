"""Sets pages and their parts from templates that escape whatever they are given, in the reader's language."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.portal.cookies import LANGUAGE, set_cookie
from services.portal.language import LANGUAGES, day, language_for, lasting, moment, number, until
from services.portal.rooms import rooms_of
from services.portal.telling import outcome_in, reason_in, tell
from services.portal.watch_activity import Seen, State
from services.portal.words import WORDS
from shared.clock import utc_now

HERE = Path(__file__).parent
STATIC = HERE / "static"
_YEAR = 365 * 24 * 3600
_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def _set(name: str, language: str, **what: Any) -> str:
    def say(key: str, otherwise: str | None = None) -> str:
        return WORDS[key].in_language(language) if otherwise is None or key in WORDS else otherwise

    return _templates.get_template(name).render(say=say, language=language, **what)


def page(name: str, request: Request, *, status: int = 200, **what: Any) -> HTMLResponse:
    """A whole page; a language chosen by `?lang=` is remembered. `session` brings the navigation of its profession.

    `kept` is what of the query the link to the other language repeats: checked by the route, for a page repeats nothing else.
    """
    language, now = language_for(request), utc_now()
    other = "en" if language == "fr" else "fr"
    session, kept, zone = what.pop("session", None), what.pop("kept", {}), request.app.state.time_zone
    frame: Mapping[str, Any] = {
        "session": session,
        "rooms": rooms_of(session.person.profession) if session else (),
        "here": request.url.path,
        "other": other,
        "other_url": f"?{urlencode(kept | {'lang': other}, doseq=True)}",
        "moment": lambda value: moment(value, language, zone),
        "second": lambda value: moment(value, language, zone, pattern="d MMM y, HH:mm:ss"),
        "until": lambda value: until(value, language, now),
        "day": lambda value: day(value, language),
        "outcome": lambda value: outcome_in(value, language),
        "reason": lambda value: reason_in(value, language),
        "number": lambda value: number(value, language),
        "lasting": lambda value: lasting(value, language),
    }
    response = HTMLResponse(
        _set(name, language, **frame, **what),
        status_code=status,
        headers={"cache-control": "no-store", "content-language": language, "vary": "accept-language, cookie"},
    )
    if request.query_params.get("lang") in LANGUAGES:
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
