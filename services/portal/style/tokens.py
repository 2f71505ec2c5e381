"""Reads the tokens of the style sheet, so that the page that shows them is always true."""

import re
from collections.abc import Mapping
from pathlib import Path

_ROOT = re.compile(r":root \{(.*?)\}", re.DOTALL)
_TOKEN = re.compile(r"--([a-z0-9-]+): ([^;]+);")
_KINDS = ("space", "type")


def read_tokens(sheet: Path) -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """(light, dark) of each token, by kind: `colour`, `space` and `type`; what does not change in the dark says the same twice."""
    light, dark = (dict(_TOKEN.findall(block)) for block in _ROOT.findall(sheet.read_text(encoding="utf-8"))[:2])
    found: dict[str, dict[str, tuple[str, str]]] = {kind: {} for kind in ("colour", *_KINDS)}
    for name, value in light.items():
        kind = name.partition("-")[0] if name.partition("-")[0] in _KINDS else "colour" if name in dark else ""
        if kind:
            found[kind][name] = (str(value), str(dark.get(name, value)))
    return found
