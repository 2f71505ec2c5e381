"""A group in which nothing happens by itself: every message, every pause between two awaits and every clock is moved by the test.

What runs are the rules and stories of the two services; MongoDB and Kafka are played, with all that may go wrong between.
"""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from services.consent.change_directive import bring_into_force
from services.consent.enforcing import grant_lease as granting
from services.consent.enforcing.fence import FenceState, Member
from services.consent.enforcing.grant_lease import Asked
from services.consent.enforcing.positions import Positions
from services.consent.enforcing.remove_lapsed import Lapsing, remove_lapsed
from services.consent.model import Change, Evidence
from services.records.enforcing.renew_lease import LeaseAnswer, renew_lease
from services.records.enforcing.view import View
from shared.directive import DENY, Directive, Provision, packed
from shared.elapsed import Reading
from shared.enforcement import LeaseTerms
from shared.vocabulary import PatientId

LEASE = 20.0
PATIENTS = tuple(PatientId(f"00000000-0000-4000-8000-00000000000{number}") for number in range(3))


class StaleDecisionError(AssertionError):
    """A read that began after an answer was decided under the directive of before."""


class Pause:
    """What a story waits for until the test lets it go on."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __await__(self) -> Generator["Pause", None, None]:
        yield self


@dataclass
class Running:
    """A story under way: `at` says where it stands."""

    name: str
    story: Coroutine[Any, Any, None]
    at: str = ""
    ended: bool = False

    def go_on(self) -> None:
        """Up to its next await."""
        try:
            self.at = self.story.send(None).what
        except StopIteration:
            self.ended = True


@dataclass
class Host:
    """One machine: its wall clock is the world's time plus what somebody set it to; its boot clock cannot be set."""

    world: "World"
    wall: float = 0.0

    def clocks(self) -> Reading:
        return Reading(self.world.time, self.world.time + self.wall)


@dataclass
class Store:
    """MongoDB's majority state: the fence, the directives, the outbox, the changes."""

    fence: FenceState = field(default_factory=lambda: FenceState(1, 0, {}))
    grants: int = 0
    directives: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    outbox: list[bytes] = field(default_factory=list)
    changes: dict[str, Change] = field(default_factory=dict)


class PlayedFence:
    """The fence as one registry sees it; each call is one trip there and one back."""

    def __init__(self, world: "World") -> None:
        self.world = world

    async def change(self, work: Callable[[FenceState, Any], Awaitable[Change]]) -> Change:
        await Pause("commit")
        store = self.world.store
        store.fence = replace(store.fence, head=store.fence.head + 1)
        change = await work(store.fence, None)
        await Pause("committed")
        return change

    async def state(self) -> FenceState:
        await Pause("look")
        return self.world.store.fence

    async def grant(self, incarnation: str, *, epoch: int | None, number: int, session: Any) -> FenceState:  # noqa: ARG002 - the real one needs it
        await Pause("grant")
        store = self.world.store
        store.grants += 1
        known = store.fence.members.get(incarnation, Member(0, 0)).number
        stated = number if epoch == store.fence.epoch else 0
        members = {**store.fence.members, incarnation: Member(store.grants, max(known, stated))}
        store.fence = replace(store.fence, members=members, behind=max(store.fence.behind, stated))
        granted = store.fence
        await Pause("granted")
        return granted

    async def remove(self, incarnation: str, *, grant: int | None = None) -> bool:
        await Pause("remove")
        store = self.world.store
        member = store.fence.members.get(incarnation)
        if member is None or (grant is not None and member.grant != grant and self.world.rules.compares_grants):
            return False
        members = {name: one for name, one in store.fence.members.items() if name != incarnation}
        store.fence = replace(store.fence, members=members)
        return True

    async def begin_epoch(self, *, ended: int, head: int) -> FenceState:
        await Pause("epoch")
        store = self.world.store
        store.grants += 1
        if store.fence.epoch <= ended:
            members = {name: Member(one.grant, 0) for name, one in store.fence.members.items()}
            store.fence = replace(store.fence, epoch=ended + 1, head=max(head, store.fence.head), members=members, behind=0)
        return store.fence

    async def directives_above(self, number: int, *, head: int, session: Any) -> AsyncIterator[list[bytes]]:  # noqa: ARG002 - as the real one
        """Row after row in the store's own order, each as it is when it is read: no snapshot is promised to a long scan.

        A causal session never reads older than what it wrote; without one a deposed primary may answer, from `world.stale`.
        """
        for patient in PATIENTS:
            await Pause("row")
            stale = self.world.stale if session is None else None
            held = self.world.store.directives if stale is None else stale
            if patient in held and held[patient][0] > number:
                yield [held[patient][1]]


class Registry:
    """One process of `consent`."""

    def __init__(self, world: "World", name: str) -> None:
        self.world = world
        self.name = name
        self.host = Host(world)
        self.fence = PlayedFence(world)
        self.positions = world.rules.positions()
        self.positions.told = self._told  # type: ignore[method-assign]
        self.lapsing = Lapsing()
        self.lease_for = world.rules.lease_for

    @asynccontextmanager
    async def causal(self) -> AsyncIterator[Any]:
        yield self

    async def _told(self, news: Any, *, within: float) -> bool:  # noqa: ARG002 - the world's own time passes
        await Pause("waiting")
        return bool(news.is_set())

    def desk(self) -> Any:
        store = SimpleNamespace(mark_in_force=self._mark)
        return SimpleNamespace(
            fence=self.fence, positions=self.positions, lease=self.world.rules.waits_for, clocks=self.host.clocks, store=store
        )

    async def _mark(self, change: Change, evidence: Evidence, *, now: Any) -> Change:
        await Pause("mark")
        kept = self.world.store.changes[change.ident]
        if kept.in_force_at is None:
            kept = self.world.store.changes[change.ident] = replace(kept, in_force_at=now, evidence=evidence)
        return kept

    async def withdraw(self, patient: PatientId, ident: str) -> None:
        """One request, answered at its end."""
        known = self.world.store.changes.get(ident)
        if known is None:
            known = await self.fence.change(lambda state, _session: self._commit(state, patient, ident))
        since = self.host.clocks()
        change = await self.world.rules.bring_into_force(known, since, self.desk())
        self.world.answer(patient, change.number, change.epoch)

    async def _commit(self, state: FenceState, patient: PatientId, ident: str) -> Change:
        store = self.world.store
        members = tuple(self.world.rules.members_of(state, self.world))
        change = Change(ident, patient, ident, state.epoch, state.head, members)
        directive = Directive(patient, state.head, state.epoch, (Provision(DENY, source=f"{ident}/1"),))
        store.directives = {**store.directives, patient: (state.head, packed(directive))}
        store.outbox.append(packed(directive))
        store.changes[ident] = change
        return change

    async def remove_lapsed(self) -> None:
        await remove_lapsed(self.lapsing, fence=self.fence, lease=self.world.rules.removes_after, clocks=self.host.clocks)


class Replica:
    """One process of `records`; after an epoch ended, its next incarnation."""

    def __init__(self, world: "World", name: str) -> None:
        self.world = world
        self.name = name
        self.host = Host(world)
        self.view = world.new_view()
        self.heard = 0

    async def renew(self, registry: Registry) -> None:
        if self.view.left and not self.world.rules.decides_after_leaving:
            self.view = self.world.new_view()
        await self.world.rules.renew_lease(self.view, registry=Leases(registry), clocks=self.host.clocks)

    def hear(self, value: bytes) -> None:
        self.view.hear(value)

    def state(self) -> tuple[str, int, int, bool]:
        """What it would state now: (incarnation, epoch, number, left)."""
        return self.view.incarnation, self.view.epoch or 0, self.view.number, self.view.left


@dataclass
class Leases:
    """One registry as a replica reaches it."""

    registry: Registry

    @asynccontextmanager
    async def lease(self, incarnation: str, *, epoch: int | None, number: int) -> AsyncIterator[LeaseAnswer]:
        rules = self.registry.world.rules
        parts = rules.grant_lease(
            Asked(incarnation, epoch, number),
            fence=self.registry.fence,
            positions=self.registry.positions,
            lease=rules.lease_for,
            causal=self.registry.causal,
        )
        terms, *parts = [part async for part in parts]
        assert isinstance(terms, LeaseTerms)
        await Pause("answered")
        yield LeaseAnswer(terms, _arriving([value for values in parts for value in values]))


async def _arriving(rows: list[bytes]) -> AsyncIterator[bytes]:
    for row in rows:
        await Pause("arriving")
        yield row


@dataclass
class Rules:
    """The rules in question; a test takes one away to see that it was needed."""

    view: type[View] = View
    renew_lease: Callable[..., Awaitable[None]] = renew_lease
    grant_lease: Callable[..., AsyncIterator[Any]] = granting.grant_lease
    bring_into_force: Callable[[Change, Reading, Any], Awaitable[Change]] = lambda change, since, desk: bring_into_force(
        change, since=since, desk=desk
    )
    members_of: Callable[[FenceState, "World"], Any] = lambda state, _world: state.members
    lease_for: float = LEASE
    waits_for: float = LEASE
    removes_after: float = LEASE
    decides_after_leaving: bool = False
    looks_at_lease: bool = True
    compares_grants: bool = True
    positions: type[Positions] = Positions


class World:
    """Stories under way, messages on their way, the time; and what was answered to whom."""

    def __init__(self, rules: Rules | None = None, *, replicas: int = 2, registries: int = 2) -> None:
        self.rules = rules or Rules()
        self.time = 1000.0
        self.store = Store()
        self.stale: dict[str, tuple[int, bytes]] | None = None
        self.published: list[bytes] = []
        self.stated: list[tuple[str, int, int, bool]] = []
        self.running: list[Running] = []
        self.answered: dict[str, tuple[int, int]] = {}
        self.decisions = 0
        self._names = itertools.count()
        self.registries = [Registry(self, f"consent-{number}") for number in range(registries)]
        self.replicas = [Replica(self, f"records-{number}") for number in range(replicas)]

    def new_view(self) -> View:
        return self.rules.view(f"{next(self._names):032x}")

    def start(self, name: str, story: Coroutine[Any, Any, None]) -> Running:
        running = Running(name, story)
        self.running.append(running)
        running.go_on()
        self._forget_ended()
        return running

    def go_on(self, running: Running) -> None:
        running.go_on()
        self._forget_ended()

    def finish(self, running: Running, *, most: int = 200) -> None:
        """To its end, with nothing else happening meanwhile."""
        for _ in range(most):
            if running.ended:
                return
            self.go_on(running)
        raise AssertionError(f"{running.name} does not end; it stands at {running.at}")

    def until(self, running: Running, at: str, *, most: int = 200) -> None:
        """Up to just before it goes on from there, or to its end."""
        for _ in range(most):
            if running.ended or running.at == at:
                return
            self.go_on(running)
        raise AssertionError(f"{running.name} never came to {at}")

    def _forget_ended(self) -> None:
        self.running = [one for one in self.running if not one.ended]

    def answer(self, patient: str, number: int, epoch: int) -> None:
        self.answered[patient] = max(self.answered.get(patient, (0, 0)), (epoch, number))

    def floor(self, patient: str) -> tuple[int, int]:
        """(epoch, number) of the newest directive that was answered as in force: no read that begins now may be decided below it."""
        return self.answered.get(patient, (0, 0))

    def decide(self, replica: Replica, patient: str, floor: tuple[int, int]) -> bool:
        """Whether it decided at all. Raises StaleDecisionError."""
        view = replica.view
        may = view.may_decide(patient, replica.host.clocks()) if self.rules.looks_at_lease else not view.left
        if not may:
            return False
        self.decisions += 1
        directive = view.directive_of(patient)
        decided = (0, 0) if directive is None else (directive.epoch, directive.number)
        if decided < floor:
            raise StaleDecisionError(f"{replica.name} decided under {decided}, answered was {floor}")
        return True

    def relay(self, *, first: int = 0) -> None:
        """Publishes what is committed, in order; a second relay may publish some of it again."""
        self.published += self.store.outbox[first:]

    def begin_epoch(self) -> None:
        """After a restore that brought every directive back, as it was published."""

        async def story() -> None:
            await self.registries[0].fence.begin_epoch(ended=self.store.fence.epoch, head=self.store.fence.head)

        self.finish(self.start("epoch", story()))
