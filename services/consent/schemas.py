"""Request and answer bodies of `consent`."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.consent.model import Kind, Words
from shared.vocabulary import OUR_ID, Purpose

_MOST = 50
Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\s\x00-\x1f]+$")]
Names = Annotated[frozenset[Name], Field(max_length=_MOST)]
Ident = Annotated[str, Field(pattern=f"^{OUR_ID}$")]


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class SaidWords(Strict):
    """Whom and what the patient speaks of; an empty list means everything."""

    units: Names = frozenset()
    persons: Names = frozenset()
    sites: Names = frozenset()
    purposes: frozenset[Purpose] = frozenset()
    labels: Names = frozenset()
    begins: AwareDatetime | None = None
    ends: AwareDatetime | None = None

    def words(self, exceptions: tuple[Words, ...] = ()) -> Words:
        purposes = frozenset(map(str, self.purposes))
        return Words(self.units, self.persons, self.sites, purposes, self.labels, self.begins, self.ends, exceptions)


class Statement(SaidWords):
    """What a patient permits (`consent`) or forbids (`objection`), with exceptions one level deep (IHE PCF)."""

    patient: Ident
    kind: Kind
    exceptions: Annotated[tuple[SaidWords, ...], Field(max_length=_MOST)] = ()

    def all_words(self) -> Words:
        return self.words(tuple(one.words() for one in self.exceptions))


class EvidenceAnswer(BaseModel):
    """How a change came into force: how many replicas were waited for, how many stated it, left, or let their lease run out."""

    number: int
    replicas: int
    stated: int
    left: int
    milliseconds: float


class StatementAnswer(BaseModel):
    """A statement as it stands, and since when it is in force on every replica of every site; `words` has only what was said."""

    id: str
    patient: str
    kind: Kind
    state: str
    version: int
    given_at: datetime
    ended_at: datetime | None
    in_force_at: datetime | None
    evidence: EvidenceAnswer | None
    words: dict[str, Any]


class LeaseRequest(Strict):
    """What an incarnation of `records` says when it asks."""

    incarnation: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    epoch: int | None
    number: Annotated[int, Field(ge=0)]


class ErasureRequest(Strict):
    """Which chart is about to lose its keys, by whose word."""

    patient: Ident
    site: Name
    erasure: Ident
    officer: Name
    purpose: Literal["RECORDMGT"] = "RECORDMGT"
