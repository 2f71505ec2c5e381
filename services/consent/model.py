"""The nouns of `consent`: what a patient said, as it stands and as it stood."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shared.vocabulary import PatientId


class Kind(StrEnum):
    """A consent permits where the law asks for one; an objection forbids where it does not (care)."""

    CONSENT = "consent"
    OBJECTION = "objection"


class ConsentState(StrEnum):
    """The way of a consent or objection: it is never changed, only withdrawn; FHIR's own words."""

    ACTIVE = "active"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Words:
    """Whom and what a patient speaks of; nothing named means everything. Exceptions have the last word where they match."""

    units: frozenset[str] = frozenset()
    persons: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    begins: datetime | None = None
    ends: datetime | None = None
    exceptions: tuple["Words", ...] = ()


@dataclass(frozen=True, slots=True)
class Consent:
    """One statement of one patient; `version` 2 is its withdrawal."""

    ident: str
    patient: PatientId
    kind: Kind
    words: Words = field(repr=False)
    version: int
    state: ConsentState
    given_at: datetime
    given_by: str
    ended_at: datetime | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Who was waited for until a change was in force, and how it ended: every member stated it, or left, or its lease ran out."""

    number: int
    replicas: int
    stated: int
    left: int
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one patient's directive. `members` are the incarnations that may have held a lease when it was committed.

    `ident` comes from the caller's idempotency key, so that the same request never changes anything twice. `subject` is the consent,
    or the erasure; `digest` is of the request.
    """

    ident: str
    patient: PatientId
    subject: str
    epoch: int
    number: int
    members: tuple[str, ...]
    digest: str = ""
    in_force_at: datetime | None = None
    evidence: Evidence | None = None
