"""What `governance` states."""

from datetime import datetime
from typing import Any, ClassVar

from shared.events import Event
from shared.events.topics import GOVERNANCE_CHANGE, GOVERNANCE_STANDING, Topic


class StandingChanged(Event):
    """Whether a member of staff works here, and until when each duty of theirs is fulfilled; the newest replaces every older one."""

    topic: ClassVar[Topic] = GOVERNANCE_STANDING
    type: ClassVar[str] = "org.serment.governance.standing-changed.v1"
    key_field: ClassVar[str] = "staff"
    example: ClassVar[dict[str, Any]] = {
        "staff": "2d6b1c1a-7a61-4a0e-9b8e-2f6f6d1a9c55",
        "revision": 3,
        "active": True,
        "duties": {"privacy-basics": "2027-11-25T18:06:37.125Z"},
    }

    staff: str
    revision: int
    active: bool
    duties: dict[str, datetime]


class GovernanceHeard(Event):
    """Says that `governance` is there and has nothing else to say; whoever hears nothing for too long stops believing the standings."""

    topic: ClassVar[Topic] = GOVERNANCE_STANDING
    type: ClassVar[str] = "org.serment.governance.heard.v1"
    key_field: ClassVar[str] = "of"
    example: ClassVar[dict[str, Any]] = {"of": "heartbeat", "sent_at": "2026-11-25T18:06:37.125Z"}

    of: str = "heartbeat"
    sent_at: datetime


class DutyReminded(Event):
    """A trainer asked that a member of staff be reminded of a duty that has lapsed or soon will; once a day at most."""

    topic: ClassVar[Topic] = GOVERNANCE_CHANGE
    type: ClassVar[str] = "org.serment.governance.duty-reminded.v1"
    key_field: ClassVar[str] = "staff"
    example: ClassVar[dict[str, Any]] = {
        "staff": "2d6b1c1a-7a61-4a0e-9b8e-2f6f6d1a9c55",
        "module": "privacy-basics",
        "valid_until": "2026-12-09T18:06:37.125Z",
        "by": "3e7c2d2b-8b72-4b1f-8c9f-3a7a7e2b0d66",
        "reminded_at": "2026-11-25T18:06:37.125Z",
    }

    staff: str
    module: str
    valid_until: datetime
    by: str
    reminded_at: datetime


class WorkstationLocked(Event):
    """The screen of a workstation was locked: no session that was begun there before goes on. Its id is one of its site's."""

    topic: ClassVar[Topic] = GOVERNANCE_CHANGE
    type: ClassVar[str] = "org.serment.governance.workstation-locked.v1"
    key_field: ClassVar[str] = "workstation"
    example: ClassVar[dict[str, Any]] = {"workstation": "urgences-3", "site": "nord", "locked_at": "2026-11-25T18:06:37.125Z"}

    workstation: str
    site: str
    locked_at: datetime


class WorkstationUnlocked(Event):
    """A workstation may be used again; sessions that were begun there before it was locked stay ended."""

    topic: ClassVar[Topic] = GOVERNANCE_CHANGE
    type: ClassVar[str] = "org.serment.governance.workstation-unlocked.v1"
    key_field: ClassVar[str] = "workstation"
    example: ClassVar[dict[str, Any]] = {"workstation": "urgences-3", "site": "nord", "unlocked_at": "2026-11-25T18:16:02.480Z"}

    workstation: str
    site: str
    unlocked_at: datetime
