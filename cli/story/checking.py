"""Checks what a step saw, and waits for what takes a moment."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class StepFailedError(Exception):
    """A promise did not hold; the message says which."""


def check(holds: object, otherwise: str) -> None:
    """Raises StepFailedError."""
    if not holds:
        raise StepFailedError(otherwise)


def until(look: Callable[[], T | None], *, within: float, otherwise: str) -> T:
    """What `look` finally saw. Raises StepFailedError after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise StepFailedError(otherwise)
        time.sleep(0.2)
