"""Settings of `governance`."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field

from shared.settings import ServiceSettings


class GovernanceSettings(ServiceSettings):
    """The group's one staff list."""

    staff_file: Path = Field(description="JSON list of everybody who works here; read at start.")
    naming_sites: frozenset[str] = Field(
        default=frozenset(),
        description="Sites that tell patients by name who of the staff looked, a JSON list; the same list for `audit` and `governance`.",
    )
    heartbeat_pause: timedelta = Field(
        default=timedelta(seconds=60), description="How often it is said that nothing else is to be said; far below the readers' bound."
    )
    restating_pause: timedelta = Field(
        default=timedelta(hours=1), description="How often every standing is stated anew, so that a topic that lost some is whole again."
    )
