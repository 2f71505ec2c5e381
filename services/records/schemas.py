"""Bodies of the routes beside FHIR."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.records.erasing.erasures import ErasureState


class ErasureProposal(BaseModel):
    """Why a chart may be erased: retention has ended, the person asked and the law allows it, or the data were never lawful."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    grounds: Literal["retention-ended", "person-asked", "unlawful"]


class ErasureAnswer(BaseModel):
    """How far an erasure has come."""

    id: str
    state: ErasureState
    proposed_at: datetime
    destroyed_at: datetime | None


class WaitingErasure(BaseModel):
    """One that waits for another officer than the one who proposed it; `own` when that is the reader."""

    id: str
    patient: str
    grounds: str
    proposed_at: datetime
    own: bool


class ErasuresAnswer(BaseModel):
    erasures: list[WaitingErasure]


class EmergencyReason(BaseModel):
    """Why somebody needs this chart now, in their own words."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=500)]


class EmergencyAnswer(BaseModel):
    """Until when the chart is open, and by when somebody has looked at why."""

    id: str
    ends_at: datetime
    review_due_at: datetime


class EmergencyReview(BaseModel):
    """What a reviewer goes by; `followed_up` once the clinician wrote in the chart meanwhile."""

    id: str
    staff: str
    unit: str
    opened_at: datetime
    ends_at: datetime
    review_due_at: datetime
    followed_up: bool
    reason: str = Field(repr=False)
