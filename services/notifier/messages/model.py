"""What a message is, by which channel it goes, and how far it has come."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Channel(StrEnum):
    """Mail to members of staff; the portal's inbox to patients, which needs no sending."""

    MAIL = "mail"
    PORTAL = "portal"


class MessageState(StrEnum):
    """How far a message has come; `delivery.py` says what may follow what."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    REFUSED = "refused"


def message_ident(about: str, to: str, template: str) -> str:
    """The same fact told to the same person in the same words is the same message, whoever makes it and however often."""
    return hashlib.sha256(f"{about}\0{to}\0{template}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Mail:
    """To a member of staff, by id. `values` are ids, words and instants of ours: nothing about a patient."""

    about: str
    to: str
    template: str
    values: Mapping[str, str]
    at: datetime

    @property
    def ident(self) -> str:
        return message_ident(self.about, self.to, self.template)


@dataclass(frozen=True, slots=True)
class SealedMessage:
    """To a patient: what it says is sealed under that patient's key at that site."""

    ident: str
    to: str
    site: str
    at: datetime
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that this process alone may send now; `claim` names this one try, `tries` counts it too."""

    ident: str
    claim: str
    to: str
    template: str
    values: Mapping[str, str]
    at: datetime
    message_id: str
    tries: int
    trace: Mapping[str, str] = field(default_factory=dict)
    """W3C headers of what made it; empty when that was not traced."""
