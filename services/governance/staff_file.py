"""The staff list, as the human resources office hands it over: a JSON file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from services.governance.permissions import LEARNERS
from services.governance.validated_files import read_validated
from shared.vocabulary import Profession

Word = Annotated[str, Field(min_length=1, max_length=200)]


def _of_staff(profession: Profession) -> Profession:
    if profession not in LEARNERS:
        raise ValueError("patients and interfaces are not staff")
    return profession


class Listed(BaseModel):
    """One person, and no more of them than is needed here: what else the file tells is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    id: Word
    login: Word
    name: Word = Field(repr=False)
    profession: Annotated[Profession, AfterValidator(_of_staff)]
    site: Word
    unit: str | None = None


def _each_once(listed: Sequence[Listed]) -> Sequence[Listed]:
    """An empty list would make everybody leave, which is a mistake more often than the truth."""
    if not listed:
        raise ValueError("it names nobody")
    idents = [person.id for person in listed]
    twice = next((place for place, ident in enumerate(idents) if ident in idents[:place]), None)
    if twice is not None:
        raise ValueError(f"entry {twice} has an id that an earlier entry has")
    return listed


_STAFF = TypeAdapter(Annotated[Sequence[Listed], AfterValidator(_each_once)])


def read_staff(path: Path) -> Sequence[Listed]:
    """Raises UnfitFileError."""
    return read_validated(_STAFF, path, what="staff file")
