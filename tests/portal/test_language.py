"""Proves that pages say instants and numbers as the reader does, and no less than was given."""

import math

import pytest

from services.portal.language import number


class TestNumber:
    @pytest.mark.parametrize(
        ("value", "french", "english"),
        [
            (0, "0", "0"),
            (37.2, "37,2", "37.2"),
            (0.0004, "0,0004", "0.0004"),
            (1234567.891, "1\u202f234\u202f567,891", "1,234,567.891"),
            (130.0, "130", "130"),
            (1e-7, "1E-7", "1E-7"),
            (-1e30, "-1E30", "-1E30"),
            (math.inf, "inf", "inf"),
        ],
    )
    def test_has_every_digit_that_was_given(self, value: float, french: str, english: str) -> None:
        assert (number(value, "fr"), number(value, "en")) == (french, english)
