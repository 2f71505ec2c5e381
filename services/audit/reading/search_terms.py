"""Reads what is searched for in the ledger, and says of an entry whether it is that: pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from shared.errors import AnticipatedError, Sentence
from shared.vocabulary import OUR_ID, Action, Outcome, Profession, Purpose

LONGEST_TIME = timedelta(days=31)
_USUAL_TIME = timedelta(days=1)
_LARGEST_INDEX = 2**53
_IS_A_WORD = re.compile(r"[a-z]{1,16}").fullmatch
_Instant = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]
_Word = Annotated[str, Field(min_length=1, max_length=64)]


class SearchUnfitError(AnticipatedError):
    """A parameter is unknown, given twice, or has a value that it cannot have; the parameter is named, and its value is not repeated."""

    slug: ClassVar[str] = "search-unfit"
    status: ClassVar[int] = 400
    fhir_code: ClassVar[str] = "invalid"
    sentence: ClassVar[Sentence] = Sentence(
        "A parameter of this search is unknown, given twice, or has a value that it cannot have.",
        "Un paramètre de cette recherche est inconnu, donné deux fois, ou n’a pas une valeur possible.",
    )

    def __init__(self, parameter: str) -> None:
        super().__init__()
        self.parameter = parameter if _IS_A_WORD(parameter) else ""

    def said(self) -> Sentence:
        """What is no plain word may be somebody's name, and is not repeated."""
        if not self.parameter:
            return self.sentence
        return Sentence(
            f"The parameter “{self.parameter}” is unknown here, given twice, or has a value that it cannot have; "
            f"`from` and `to` are instants at most {LONGEST_TIME.days} days apart.",
            f"Le paramètre « {self.parameter} » est inconnu ici, donné deux fois, ou n’a pas une valeur possible ; "
            f"`from` et `to` sont des instants distants d’au plus {LONGEST_TIME.days} jours.",
        )


class _Terms(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    since: _Instant | None = Field(default=None, alias="from")
    until: _Instant | None = Field(default=None, alias="to")
    before: Annotated[int, Field(ge=0, le=_LARGEST_INDEX)] | None = None
    actor: _Word | None = None
    profession: Profession | None = None
    unit: _Word | None = None
    site: _Word | None = None
    action: Action | None = None
    outcome: Outcome | None = None
    purpose: Purpose | None = None
    emergency: Literal["true"] | None = None
    patient: Annotated[str, Field(pattern=f"^{OUR_ID}$")] | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """Accesses made in [since, until) that say what is wanted; `before` is the index below which it goes on."""

    since: datetime
    until: datetime
    before: int | None
    wanted: Mapping[str, Any]

    def fits(self, told: Mapping[str, Any]) -> bool:
        """Whenever it was made."""
        return all(told[name] == value for name, value in self.wanted.items())


def read_search(given: Sequence[tuple[str, str]], *, now: datetime) -> Search:
    """Of the last day, unless it says otherwise. Raises SearchUnfitError."""
    terms = _read(given)
    until = terms.until or now
    since = terms.since or until - _USUAL_TIME
    if not timedelta() < until - since <= LONGEST_TIME:
        raise SearchUnfitError("from")
    wanted = terms.model_dump(exclude={"since", "until", "before", "emergency"}, exclude_none=True)
    return Search(since.astimezone(UTC), until.astimezone(UTC), terms.before, wanted | ({"emergency": True} if terms.emergency else {}))


def _read(given: Sequence[tuple[str, str]]) -> _Terms:
    names = [name for name, _value in given]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SearchUnfitError(twice)
    try:
        return _Terms.model_validate(dict(given))
    except ValidationError as error:
        raise SearchUnfitError(str(error.errors(include_input=False, include_url=False, include_context=False)[0]["loc"][0])) from None
