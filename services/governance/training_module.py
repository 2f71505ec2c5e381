"""One training module, as its file says it: pages, questions, and how long having passed it holds."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from services.governance.permissions import LEARNERS
from shared.errors import Sentence
from shared.vocabulary import Profession


def _in_both(text: Sentence) -> Sentence:
    if not text.en.strip() or not text.fr.strip():
        raise ValueError("a text must be there in English and in French")
    return text


Text = Annotated[Sentence, AfterValidator(_in_both)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]


class ModulePart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Page(ModulePart):
    title: Text
    text: Text


class Choice(ModulePart):
    id: Name
    text: Text


class Question(ModulePart):
    """Answered by exactly the choices in `right`, in any order."""

    id: Name
    asks: Text
    choices: tuple[Choice, ...] = Field(min_length=2, max_length=10)
    right: frozenset[Name] = Field(min_length=1)
    explanation: Text

    @model_validator(mode="after")
    def _right_ones_are_choices(self) -> Self:
        offered = [choice.id for choice in self.choices]
        if len(set(offered)) < len(offered):
            raise ValueError(f"two choices have the same id: {_twice(offered)}")
        if not self.right <= set(offered):
            raise ValueError(f"`right` names what is no choice: {', '.join(sorted(self.right - set(offered)))}")
        return self


class TrainingModule(ModulePart):
    """The module's id is the name of its file; `pass_mark` is how many questions must be right."""

    title: Text
    professions: frozenset[Profession] = Field(min_length=1)
    validity_days: int = Field(ge=1, le=3650)
    pass_mark: int = Field(ge=1)
    pages: tuple[Page, ...] = Field(min_length=1)
    questions: tuple[Question, ...] = Field(min_length=2, max_length=100)

    @model_validator(mode="after")
    def _can_be_passed(self) -> Self:
        asked = [question.id for question in self.questions]
        if len(set(asked)) < len(asked):
            raise ValueError(f"two questions have the same id: {_twice(asked)}")
        if self.pass_mark > len(asked):
            raise ValueError(f"pass_mark is {self.pass_mark}, but there are {len(asked)} questions")
        if not self.professions <= LEARNERS:
            raise ValueError(f"not a profession of the staff: {', '.join(sorted(self.professions - LEARNERS))}")
        return self

    @property
    def lasts(self) -> timedelta:
        return timedelta(days=self.validity_days)


def _twice(names: Sequence[str]) -> str:
    return next(name for name in names if names.count(name) > 1)
