"""Writes docs/problems.md: every error a caller can expect, with its slug, its status and what it says to people."""

from collections.abc import Mapping

from catalogue.code_base import import_everything, part_of
from catalogue.markdown import code, page, table
from services.records.fhir.issues import SENTENCES
from services.records.refusals import REASONS
from shared.errors import Sentence, problems

_INTRO = (
    "Answered once, by `shared/http.py`: an OperationOutcome under `/fhir`, elsewhere a problem (RFC 9457) of type "
    "`urn:serment:problem:<slug>`; in French when `Accept-Language` prefers it, else in English. None repeats what was sent. "
    "The portal shows the sentence as a page."
)
_PLAIN = (
    "Four more come from the shell itself and belong to no story: `no-such-route` (404), `not-allowed` (405 and others of HTTP), "
    "`wrong-request` (422) and `surprise` (500, logged by class and place)."
)


def problems_page() -> str:
    import_everything()
    rows = [
        (code(kind.slug), str(kind.status), code(kind.fhir_code), part_of(kind.__module__), kind.sentence.en, kind.sentence.fr)
        for kind in problems()
    ]
    return page(
        "Problems",
        _INTRO,
        table(("slug", "status", "FHIR issue code", "raised by", "English", "French"), rows),
        _PLAIN,
        "## Reasons of `access-refused`",
        "Stated where the site's policy is `refusals=stated`; where it is `hidden`, the answer is `not-found`.",
        _sentences(REASONS),
        "## What can be wrong with a resource",
        "The text of each issue of `unreadable-resource`, `oversized-resource` and `invalid-resource`, beside its FHIRPath.",
        _sentences(SENTENCES),
    )


def _sentences(by_key: Mapping[str, Sentence]) -> str:
    return table(("key", "English", "French"), [(code(key), said.en, said.fr) for key, said in by_key.items()])
