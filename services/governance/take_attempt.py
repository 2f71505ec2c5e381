"""Marks a member's own attempt at a module; a passed one renews the duty, a failed one changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.governance.duties import passed
from services.governance.marking import Mark, mark
from services.governance.model import Member
from services.governance.module_shelf import ModuleShelf
from services.governance.permissions import Asker, may_enter, may_take
from services.governance.refusals import require
from services.governance.staff_store import StaffStore, the_one


@dataclass(frozen=True, slots=True)
class Attempt:
    """How it was marked, and until when the duty holds after it."""

    marked: Mark
    valid_until: datetime


async def take_attempt(
    asker: Asker, ident: str, answers: Mapping[str, Sequence[str]], *, now: datetime, staff: StaffStore, modules: ModuleShelf
) -> Attempt:
    """Raises ModuleUnknownError, TaskRefusedError or AnswersUnfitError."""
    module = modules.fetch(ident)
    require(may_take(asker, ident))
    marked = mark(module, answers)

    def renewed(known: Member | None) -> Member:
        """Decided on what is kept at this moment, not on what was read before."""
        member = the_one(known)
        require(may_enter(asker.profession, member) or may_take(Asker(asker.profession, member), ident))
        if not marked.passed:
            return member
        return replace(member, duties={**member.duties, ident: passed(member.duties[ident], module.lasts, now=now)})

    member = await staff.change(asker.member.ident, renewed, now=now)
    return Attempt(marked, member.duties[ident].until)
