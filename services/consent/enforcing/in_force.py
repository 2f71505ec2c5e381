"""When a change is in force, and when a silent member may be removed: pure."""

from collections.abc import Iterable
from typing import Protocol

from shared.enforcement import MARGIN


class Statements(Protocol):
    """What the incarnations have said of themselves."""

    def has_stated(self, incarnation: str, *, epoch: int, number: int) -> bool: ...
    def has_left(self, incarnation: str) -> bool: ...


def waited_for(members: Iterable[str], statements: Statements, *, epoch: int, number: int) -> list[str]:
    """Those that may still decide by what was before."""
    return [one for one in members if not statements.has_left(one) and not statements.has_stated(one, epoch=epoch, number=number)]


def leases_are_over(waited: float, *, lease: float) -> bool:
    """Whether every lease granted before a commit has run out, `waited` seconds at the least after its acknowledgement."""
    return waited >= lease + MARGIN


def may_be_removed(stood_still: float, *, lease: float) -> bool:
    """Whether a grant that has stood still for so long has run out: nobody holds it any more."""
    return stood_still >= lease + MARGIN
