"""A governance in one process: its staff in memory, two small modules, and people who are whoever their token says."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from services.governance.api import router
from services.governance.duties import may_be_reminded
from services.governance.model import Duty, Member, Reminder, Through, Workstation
from services.governance.module_shelf import ModuleShelf
from services.governance.resources import GovernanceResources
from services.governance.staff_file import Listed
from services.governance.training_module import TrainingModule
from shared.http import create_app
from shared.identity import Actor, TokenRefusedError
from shared.vocabulary import Profession

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
EXPLANATION = "Because it is so."


def a_text(en: str) -> dict[str, str]:
    return {"en": en, "fr": f"{en} (fr)"}


def a_question(ident: str, *right: str) -> dict[str, Any]:
    choices = [{"id": name, "text": a_text(f"{ident} {name}")} for name in ("a", "b", "c")]
    return {"id": ident, "asks": a_text(f"{ident}?"), "choices": choices, "right": right or ["a"], "explanation": a_text(EXPLANATION)}


def a_module(**more: Any) -> dict[str, Any]:
    """Three questions, of which two must be right."""
    known = {
        "title": a_text("Basics"),
        "professions": ["clinician", "clerk", "trainer"],
        "validity_days": 365,
        "pass_mark": 2,
        "pages": [{"title": a_text("Page"), "text": a_text("Text")}],
        "questions": [a_question("one"), a_question("two", "a", "b"), a_question("three", "c")],
    }
    return known | more


RIGHT = {"one": ["a"], "two": ["b", "a"], "three": ["c"]}
WRONG = {"one": ["b"], "two": ["a"], "three": ["c"]}
MODULES = ModuleShelf(
    {
        "basics": TrainingModule.model_validate(a_module()),
        "clinic": TrainingModule.model_validate(a_module(title=a_text("Clinic"), professions=["clinician"], validity_days=30)),
    }
)


def a_duty(*, days: float = 100, through: Through = Through.ENROLLED, by: str | None = None) -> Duty:
    return Duty(NOW + timedelta(days=days), through, NOW - timedelta(days=1), by)


def a_member(ident: str = "clerk", *, profession: str = "clerk", site: str = "nord", **more: Any) -> Member:
    known = {"login": ident, "name": f"Name of {ident}", "unit": f"{site}-unit", "duties": {"basics": a_duty()}}
    return Member(ident=ident, profession=Profession(profession), site=site, **(known | more))


def a_listed(ident: str = "clerk", *, profession: str = "clerk", site: str = "nord", **more: Any) -> Listed:
    known = {"id": ident, "login": ident, "name": f"Name of {ident}", "profession": profession, "site": site, "unit": f"{site}-unit"}
    return Listed.model_validate(known | more)


class MemoryStaff:
    """What `StaffStore` promises, without a database; `stated` are the standings that would have become events, in order."""

    def __init__(self, members: Iterable[Member] = ()) -> None:
        self.members = {member.ident: member for member in members}
        self.stated: list[Member] = []

    async def find(self, ident: str) -> Member | None:
        return self.members.get(ident)

    async def of_site(self, site: str) -> list[Member]:
        return [member for member in self.members.values() if member.site == site]

    async def of_idents(self, idents: Collection[str]) -> list[Member]:
        return [self.members[ident] for ident in idents if ident in self.members]

    async def idents(self) -> set[str]:
        return set(self.members)

    async def change(self, ident: str, rule: Callable[[Member | None], Member], *, now: datetime, again: bool = False) -> Member:  # noqa: ARG002
        before = self.members.get(ident)
        after = rule(before)
        if after != before or again:
            after = replace(after, revision=after.revision + 1)
            self.members[ident] = after
            self.stated.append(after)
        return after


class WaitingOutbox:
    """What `Outbox` says while two standings wait."""

    async def backlog(self, *, now: datetime) -> dict[str, float | None]:
        assert now.tzinfo is not None
        return {"waiting": 2, "oldest_seconds": 3.5}


class MemoryReminders:
    """What `ReminderStore` promises, without a database; `stated` are the reminders that would have become events."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Reminder] = {}
        self.stated: list[Reminder] = []

    async def of_site(self, site: str) -> list[Reminder]:
        return [last for last in self.kept.values() if last.site == site]

    async def keep(self, wanted: Reminder, *, valid_until: datetime) -> tuple[Reminder, bool]:  # noqa: ARG002
        known = self.kept.get((wanted.staff, wanted.module))
        if known is not None and not may_be_reminded(known.at, wanted.at):
            return known, False
        self.kept[wanted.staff, wanted.module] = wanted
        self.stated.append(wanted)
        return wanted, True


class MemoryWorkstations:
    """What `WorkstationStore` promises, without a database; `stated` are the events that it would have stated."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Workstation] = {}
        self.stated: list[Workstation] = []

    async def set_lock(self, site: str, ident: str, *, locked: bool, by: str, now: datetime) -> Workstation:  # noqa: ARG002
        known = self.kept.get((site, ident), Workstation(ident, site, locked=False, since=None))
        if known.locked is not locked:
            known = self.kept[site, ident] = Workstation(ident, site, locked, now)
            self.stated.append(known)
        return known


class FakeIdentities:
    """The token is `profession/id`."""

    async def verify(self, token: bytes) -> Actor:
        profession, _, ident = token.decode().partition("/")
        if profession not in set(Profession):
            raise TokenRefusedError
        return Actor(ident, "", Profession(profession), "nord", "", frozenset({"TREAT"}), "", None, "", "", 0.0)


@dataclass
class GovernanceDesk:
    staff: MemoryStaff
    reminders: MemoryReminders
    workstations: MemoryWorkstations
    http: httpx.AsyncClient = field(repr=False)

    async def ask(self, method: str, path: str, token: str, *, language: str = "en", **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}", "accept-language": language}
        return await self.http.request(method, path, headers=headers, **more)

    async def attempts(self, answers: Any, by: str = "clerk/clerk", module: str = "basics") -> httpx.Response:
        return await self.ask("POST", f"/modules/{module}/attempts", by, json={"answers": answers})

    async def sets(self, until: Any, *, of: str = "clerk", module: str = "basics", by: str = "trainer/trainer") -> httpx.Response:
        said = until.isoformat() if isinstance(until, datetime) else until
        return await self.ask("PUT", f"/staff/{of}/duties/{module}", by, json={"valid_until": said})

    async def reminds(self, of: str = "clinician", *, module: str = "basics", by: str = "trainer/trainer") -> httpx.Response:
        return await self.ask("POST", f"/staff/{of}/duties/{module}/reminder", by)


@asynccontextmanager
async def open_desk(*members: Member) -> AsyncIterator[GovernanceDesk]:
    staff, reminders, workstations = MemoryStaff(members), MemoryReminders(), MemoryWorkstations()
    app = create_app("governance", lifespan=None, pings=lambda _: {})
    things = (FakeIdentities(), staff, MODULES, reminders, workstations, WaitingOutbox())
    app.state.resources = GovernanceResources(*things, naming_sites=frozenset({"nord"}))
    app.include_router(router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://governance") as http:
        yield GovernanceDesk(staff, reminders, workstations, http)
