"""Marks an attempt at a module: pure; a question is right when exactly its right choices were chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.governance.refusals import AnswersUnfitError
from services.governance.training_module import Question, TrainingModule


@dataclass(frozen=True, slots=True)
class Mark:
    """`wrong` in the order of the module."""

    right: int
    wrong: tuple[Question, ...]
    passed: bool


def mark(module: TrainingModule, answers: Mapping[str, Sequence[str]]) -> Mark:
    """A question left out is wrong. Raises AnswersUnfitError for what the module does not have."""
    offered = {question.id: {choice.id for choice in question.choices} for question in module.questions}
    if any(asked not in offered or not offered[asked].issuperset(chosen) for asked, chosen in answers.items()):
        raise AnswersUnfitError
    wrong = tuple(question for question in module.questions if set(answers.get(question.id, ())) != question.right)
    right = len(module.questions) - len(wrong)
    return Mark(right, wrong, passed=right >= module.pass_mark)
