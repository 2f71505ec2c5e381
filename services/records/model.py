"""The nouns of `records`: frozen, with bodies hidden from print."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.directive import Directive
from shared.identity import Actor
from shared.vocabulary import SITE_OWNER, Action, PatientId, Relationship

WHOLE_CHART = "Chart"
"""The type of an ask about everything in a chart; no role that is limited to some types may have it."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One question: who, for what purpose, what, of which type, about whom (None when the resource is no patient's)."""

    actor: Actor
    purpose: str
    action: Action
    type: str
    patient: PatientId | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks something, for what purpose, when; `addressed` gathers the patients a failure must be noted for."""

    actor: Actor
    purpose: str
    now: datetime
    addressed: set[PatientId] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Care:
    """One encounter as a care relationship: who took part, for which unit, when; `ended_at` None while it lasts."""

    practitioners: frozenset[str]
    unit: str | None
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChartHeader:
    """What a decision about a patient needs besides what the patient can withdraw; `revision` grows with each write of the chart.

    `written` counts the versions ever written to the chart, `types` names those of its resources: by them its newest are found.
    """

    patient: PatientId
    revision: int
    care: Mapping[str, Care] = field(repr=False, default_factory=dict)
    flags: frozenset[str] = field(repr=False, default=frozenset())
    erased: bool = False
    written: int = 0
    types: frozenset[str] = field(repr=False, default=frozenset())


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether somebody works here, and until when each of their duties is fulfilled."""

    revision: int
    active: bool = True
    duties: Mapping[str, datetime] = field(default_factory=dict)

    def lapsed(self, now: datetime) -> list[str]:
        """The duties that must be renewed before the next access."""
        return [duty for duty, ends in self.duties.items() if ends <= now]


@dataclass(frozen=True, slots=True)
class Grant:
    """Emergency access of one member of staff to one chart; half-open in time."""

    ident: str
    staff: str
    patient: PatientId
    opened_at: datetime
    ends_at: datetime

    def covers(self, now: datetime) -> bool:
        return self.opened_at <= now < self.ends_at


class Facts(NamedTuple):
    """All that `decide` may look at; `affiliations` says to which units a practitioner belongs.

    `in_force` is false while this process may not know the newest directives; `standings_heard` while `governance` is silent.
    A tuple, for one is made for each decision: it takes half the time of a frozen dataclass.
    """

    site: str
    chart: ChartHeader | None
    affiliations: Mapping[str, frozenset[str]] = {}
    care_lasts: timedelta = timedelta(days=30)
    directive: Directive | None = None
    in_force: bool = False
    standing: Standing | None = None
    standings_heard: bool = False
    grant: Grant | None = None


@dataclass(frozen=True, slots=True)
class LabelProvision:
    """What is left of a provision once actor, purpose and moment are known: it speaks of labels only."""

    type: str
    labels: frozenset[str] = frozenset()
    exceptions: tuple["LabelProvision", ...] = ()


@dataclass(frozen=True, slots=True)
class Residual:
    """What a permit still hides of opened bytes: all above this confidentiality, and what the patient's words take out.

    `denying` can take something out; with `granting`, only what one of these permits is left.
    """

    ceiling: str = "V"
    denying: tuple[LabelProvision, ...] = ()
    granting: tuple[LabelProvision, ...] | None = None


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A stored version; `owner` is a patient id or the site, `note` the id of the note that tells of its writing.

    `ordinal` is its place among all that was ever written to its chart.
    """

    type: str
    ident: str
    owner: str
    version: int
    updated_at: datetime
    sealed: bytes = field(repr=False)
    deleted: bool = False
    note: str = ""
    ordinal: int = 0

    @property
    def address(self) -> str:
        return f"{self.type}/{self.ident}"

    @property
    def patient(self) -> PatientId | None:
        return None if self.owner == SITE_OWNER else PatientId(self.owner)


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """A version's exact JSON bytes and its security labels."""

    record: SealedRecord
    labels: tuple[str, ...] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why an access was allowed or refused: the relationship, the revisions looked at, the id of the emergency grant used.

    `flags` are those of the chart header: they decide nothing, and the note tells of them.
    """

    relationship: Relationship
    revisions: Mapping[str, int]
    emergency: str | None = None
    flags: frozenset[str] = field(repr=False, default=frozenset())
