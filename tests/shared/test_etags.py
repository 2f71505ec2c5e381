"""A quoted version is read as it is written, and never taken for no condition."""

import pytest

from shared.etags import version_of


class TestVersionOf:
    @pytest.mark.parametrize(
        ("tag", "version"),
        [
            *((None, None), ('W/"3"', 3), ('"3"', 3), ("3", 3), (' W/"12" ', 12)),
            *(("", -1), ("*", -1), ('"a"', -1), ("-3", -1), ("³", -1), (3, -1), ([], -1)),
        ],
    )
    def test_reads_what_a_caller_quotes(self, tag: object, version: int | None) -> None:
        assert version_of(tag) == version
