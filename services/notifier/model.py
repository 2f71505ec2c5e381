"""Who asks for what: the nouns that every room of `notifier` shares."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shared.identity import Actor
from shared.vocabulary import Action, PatientId


class Thing(StrEnum):
    """What a request is about, as its note says it."""

    CASE = "Case"
    REVIEW = "Review"
    MESSAGE = "Message"
    REQUEST = "Request"


@dataclass(slots=True)
class About:
    """What a request turned out to be about so far: grows while it is answered, and its note tells it however that ends."""

    action: Action
    thing: Thing
    resource: str | None = None
    patients: set[PatientId] = field(default_factory=set, repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: who, for what purpose, when it came in."""

    actor: Actor
    purpose: str
    now: datetime
    about: About
