"""Keeps each drawn lifecycle true to the states of the code."""

import re
from enum import StrEnum

import pytest

from services.consent.model import ConsentState
from services.records.erasing.erasures import ErasureState
from tests.architecture.sources import ROOT

FOLDER = ROOT / "docs" / "lifecycles"
DRAWN_ELSEWHERE = {"case", "duty", "emergency", "message", "request", "review"}
"""Compared by the tests of their own service, with more than their states."""

DRAWN: dict[str, type[StrEnum]] = {"consent": ConsentState, "erasure": ErasureState}


class TestLifecycles:
    @pytest.mark.parametrize("name", DRAWN)
    def test_are_drawn_with_the_states_of_the_code(self, name: str) -> None:
        text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
        (drawn,) = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)
        arrows = re.findall(r"^  (\S+) --> ([^\s:]+)", drawn, re.MULTILINE)

        assert {state for arrow in arrows for state in arrow} - {"[*]"} == set(DRAWN[name])
        assert re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE) == list(DRAWN[name])

    def test_are_all_compared(self) -> None:
        assert {path.stem for path in FOLDER.glob("*.md")} == set(DRAWN) | DRAWN_ELSEWHERE
