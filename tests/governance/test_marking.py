"""How an attempt is marked."""

import pytest

from services.governance.marking import mark
from services.governance.refusals import AnswersUnfitError
from services.governance.training_module import TrainingModule
from tests.governance.governance_desk import RIGHT, a_module

MODULE = TrainingModule.model_validate(a_module())


class TestMark:
    @pytest.mark.parametrize(
        ("answers", "wrong", "passed"),
        [
            (RIGHT, [], True),
            (RIGHT | {"two": ["a", "b", "a"]}, [], True),
            (RIGHT | {"one": ["b"]}, ["one"], True),
            (RIGHT | {"one": []}, ["one"], True),
            (RIGHT | {"one": ["a", "b"]}, ["one"], True),
            (RIGHT | {"two": ["a"]}, ["two"], True),
            (RIGHT | {"two": ["a", "b", "c"]}, ["two"], True),
            (RIGHT | {"one": ["b"], "two": ["c"]}, ["one", "two"], False),
            ({"three": ["c"]}, ["one", "two"], False),
            ({}, ["one", "two", "three"], False),
        ],
        ids=str,
    )
    def test_wants_exactly_the_right_choices(self, answers, wrong, passed) -> None:
        marked = mark(MODULE, answers)

        assert ([question.id for question in marked.wrong], marked.passed) == (wrong, passed)
        assert marked.right == 3 - len(wrong)

    @pytest.mark.parametrize("answers", [{"four": ["a"]}, {"one": ["d"]}, RIGHT | {"one": ["a", "d"]}, {"": []}, {"one": [""]}], ids=str)
    def test_marks_nothing_that_the_module_does_not_have(self, answers) -> None:
        with pytest.raises(AnswersUnfitError):
            mark(MODULE, answers)
