"""Bodies of the routes beside FHIR."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

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
