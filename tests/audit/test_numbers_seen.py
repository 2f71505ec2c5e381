"""The intervals say what a plain set of numbers would say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.numbers_seen import NumbersSeen

NUMBERS = st.lists(st.integers(1, 60), max_size=120)


def seen(*numbers: int) -> NumbersSeen:
    kept = NumbersSeen()
    for number in numbers:
        kept.add(number)
    return kept


class TestNumbersSeen:
    @given(NUMBERS)
    def test_tells_new_from_seen(self, numbers: list[int]) -> None:
        kept, plain = NumbersSeen(), set[int]()
        for number in numbers:
            assert (number in kept) == (number in plain)
            assert kept.add(number) == (number not in plain)
            plain.add(number)

        assert {number for number in range(-1, 70) if number in kept} == plain
        assert kept.highest() == max(plain, default=None)

    @given(NUMBERS, st.integers(-1, 70))
    def test_names_what_is_missing(self, numbers: list[int], below: int) -> None:
        missing = [number for first, end in seen(*numbers).gaps(below) for number in range(first, end)]

        assert missing == [number for number in range(1, below) if number not in numbers]

    @given(NUMBERS)
    def test_is_kept_as_sorted_intervals_apart_and_comes_back(self, numbers: list[int]) -> None:
        kept = seen(*numbers)
        edges = [edge for interval in kept.intervals() for edge in interval]

        assert edges == sorted(set(edges))
        assert NumbersSeen(kept.intervals()).intervals() == kept.intervals()

    @given(NUMBERS)
    def test_is_the_same_in_any_order(self, numbers: list[int]) -> None:
        assert seen(*numbers).intervals() == seen(*sorted(numbers)).intervals()

    def test_keeps_one_pair_for_a_source_in_order(self) -> None:
        assert seen(*range(1, 10_001)).intervals() == [[1, 10_001]]

    def test_names_gaps_between_and_after(self) -> None:
        assert seen(2, 3, 7).gaps(10) == [(1, 2), (4, 7), (8, 10)]
        assert seen().gaps(4) == [(1, 4)]
        assert seen(1, 2, 3).gaps(4) == []

    def test_leaves_its_copy_alone(self) -> None:
        kept = seen(1, 2)
        twin = kept.copy()

        twin.add(3)
        twin.add(9)

        assert kept.intervals() == [[1, 3]]
        assert twin.intervals() == [[1, 4], [9, 10]]

    @pytest.mark.parametrize("number", [0, -1])
    def test_refuses_numbers_before_the_first(self, number: int) -> None:
        with pytest.raises(ValueError, match="begin at 1"):
            NumbersSeen().add(number)

    @pytest.mark.parametrize("intervals", [[[0, 2]], [[2, 2]], [[3, 2]], [[1, 3], [3, 5]], [[5, 6], [1, 2]]])
    def test_refuses_intervals_that_it_would_not_have_kept(self, intervals: list[list[int]]) -> None:
        with pytest.raises(ValueError, match="sorted"):
            NumbersSeen(intervals)
