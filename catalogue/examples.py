"""Keeps one example of every event version ever published; what is there is never changed, because somebody may still send it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from catalogue.event_notes import BEAT, NOTES
from shared.events import every_event

FOLDER = Path("tests/contracts/events")


def published_types() -> dict[str, Mapping[str, Any]]:
    """Every type that the code states today, with its example."""
    stated: dict[str, Mapping[str, Any]] = {kind.type: kind.example for kind in every_event()}
    return stated | {kind.type: kind.example for kind in (*NOTES, BEAT)}


def missing_examples(root: Path) -> dict[Path, str]:
    """Only what has no file yet: a new shape is a new version with a new name."""
    paths = {FOLDER / f"{type_}.json": example for type_, example in published_types().items()}
    return {
        path: orjson.dumps(example, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
        for path, example in paths.items()
        if not (root / path).exists()
    }
