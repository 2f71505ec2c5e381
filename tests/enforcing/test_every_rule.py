"""Each rule of enforcement is needed: a schedule that is harmless with all of them, and decides a read by old words without this one."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from services.consent.change_directive import bring_into_force
from services.consent.enforcing import fence as fencing
from services.consent.enforcing.grant_lease import Asked
from services.consent.enforcing.positions import Positions
from services.consent.model import Change
from services.records.enforcing.lease import Lease
from services.records.enforcing.renew_lease import Registry as Leasing
from services.records.enforcing.view import Heard, View
from shared.directive import Directive, UnreadableDirectiveError, unpacked
from shared.elapsed import Reading
from tests.enforcing.world import LEASE, PATIENTS, Replica, Rules, StaleDecisionError, World

PATIENT, OTHER, THIRD = PATIENTS
Schedule = Callable[[World], None]


def withdraw(world: World, patient: str = PATIENT, ident: str = "w", *, registry: int = 0) -> Any:
    return world.start(f"withdraw {ident}", world.registries[registry].withdraw(patient, ident))


def renew(world: World, replica: int = 0, *, registry: int = 0) -> Any:
    return world.start("renew", world.replicas[replica].renew(world.registries[registry]))


def leased(world: World, replica: int = 0) -> Replica:
    world.finish(renew(world, replica))
    return world.replicas[replica]


def committed(world: World, patient: str, ident: str) -> Any:
    """A withdrawal up to its waiting."""
    running = withdraw(world, patient, ident)
    world.until(running, "waiting")
    return running


def tries(world: World, *stories: Any) -> None:
    """Lets them go on for a while; whether they end is theirs."""
    for running in stories:
        for _ in range(6):
            if not running.ended:
                world.go_on(running)


def states(world: World, replica: Replica, *, to: int = 0) -> None:
    incarnation, epoch, number, left = replica.state()
    world.registries[to].positions.state(incarnation, epoch=epoch, number=number)
    if left:
        world.registries[to].positions.leave(incarnation)


def read(world: World, replica: Replica, patient: str = PATIENT) -> bool:
    return world.decide(replica, patient, world.floor(patient))


def passes(world: World, seconds: float) -> None:
    world.time += seconds


# What each rule prevents, and the world without it. ------------------------------------------------------------------------------


def an_answer_under_way_for_long(world: World) -> None:
    """The answer with the lease comes when the withdrawal has been answered already."""
    late = renew(world)
    world.until(late, "answered")
    waiting = committed(world, PATIENT, "w")
    passes(world, LEASE + 1.5)
    world.finish(waiting)
    world.finish(late)
    read(world, world.replicas[0])


async def counts_from_arrival(view: View, *, registry: Leasing, clocks: Callable[[], Reading]) -> None:
    async with registry.lease(view.incarnation, epoch=view.epoch, number=view.number) as answer:
        asked = view.ask()
        if view.begin_install(answer.terms):
            async for row in answer.rows:
                view.install(row)
            view.installed(answer.terms, asked=asked, sent=clocks())


def a_row_newer_than_the_head(world: World) -> None:
    """Two withdrawals are committed while the rows are read: the scan is past the first patient, and comes upon the second."""
    replica = leased(world)
    late = renew(world)
    world.until(late, "row")
    world.go_on(late)  # nothing of the first patient
    first = committed(world, PATIENT, "one")
    second = committed(world, OTHER, "two")
    world.finish(late)
    states(world, replica)
    tries(world, first, second)
    read(world, replica, PATIENT)


class TakesTheHighestSeen(View):
    def install(self, value: bytes) -> None:
        super().install(value)
        self.number = max(self.number, unpacked(value).number)


def a_lease_before_its_rows(world: World) -> None:
    """The answer of a renewal is cut short after the lease was believed."""
    waiting = committed(world, PATIENT, "w")
    world.finish(waiting)  # nobody holds a lease
    late = renew(world)
    world.until(late, "answered")
    world.go_on(late)  # its terms have arrived, its rows have not
    read(world, world.replicas[0])


async def extends_first(view: View, *, registry: Leasing, clocks: Callable[[], Reading]) -> None:
    sent, asked = clocks(), view.ask()
    async with registry.lease(view.incarnation, epoch=view.epoch, number=view.number) as answer:
        if view.begin_install(answer.terms):
            view.installed(answer.terms, asked=asked, sent=sent)
            async for row in answer.rows:
                view.install(row)


def reordered(world: World) -> None:
    """The same patient objects twice; the first message comes last."""
    replica = leased(world)
    first = committed(world, PATIENT, "one")
    second = committed(world, PATIENT, "two")
    one, two = world.store.outbox
    replica.hear(one)
    replica.hear(two)
    states(world, replica)
    tries(world, first, second)
    replica.hear(one)
    read(world, replica)


class AppliesWhateverComes(View):
    def _put(self, directive: Directive) -> None:
        self.table.put(directive)


def lost(world: World) -> None:
    """The first of two messages never arrives."""
    replica = leased(world)
    first = committed(world, PATIENT, "one")
    second = committed(world, OTHER, "two")
    replica.hear(world.store.outbox[1])
    states(world, replica)
    tries(world, first, second)
    read(world, replica, PATIENT)


class CountsOverGaps(View):
    def _count(self, number: int) -> None:
        self.number = max(self.number, number)


def a_member_that_came_just_before(world: World) -> None:
    """A replica is granted a lease between somebody's look at the members and the commit."""
    replica = world.replicas[0]
    world.members_seen = dict(world.store.fence.members)  # type: ignore[attr-defined]
    world.finish(renew(world))
    running = withdraw(world)
    tries(world, running)
    read(world, replica)


def looked_before(_state: Any, world: World) -> Any:
    return getattr(world, "members_seen", {})


def a_lease_still_running(world: World) -> None:
    """A replica hears nothing; its lease has a second to go when the withdrawal has waited."""
    replica = leased(world)
    waiting = committed(world, PATIENT, "w")
    passes(world, LEASE - 1)
    tries(world, waiting)
    read(world, replica)


def a_lease_that_ran_out(world: World) -> None:
    replica = leased(world)
    waiting = committed(world, PATIENT, "w")
    passes(world, LEASE + 1.5)
    world.finish(waiting)
    read(world, replica)


def a_deposed_primary(world: World) -> None:
    """It still answers reads, from before the withdrawal."""
    world.stale = dict(world.store.directives)
    waiting = committed(world, PATIENT, "w")
    world.finish(waiting)
    read(world, leased(world))


async def reads_outside_the_session(asked: Asked, *, fence: Any, positions: Any, lease: float, causal: Any) -> AsyncIterator[Any]:
    state = await fence.grant(asked.incarnation, epoch=asked.epoch, number=asked.number, session=None)
    yield fencing.terms(state, lease=lease)
    async with aclosing(fence.directives_above(asked.number, head=state.head, session=None)) as rows:
        async for values in rows:
            yield values


def a_commit_between_rows_and_grant(world: World) -> None:
    late = renew(world)
    world.until(late, "grant")
    waiting = committed(world, PATIENT, "w")
    world.finish(waiting)  # nobody is a member yet
    world.finish(late)
    read(world, world.replicas[0])


async def reads_rows_first(asked: Asked, *, fence: Any, positions: Any, lease: float, causal: Any) -> AsyncIterator[Any]:
    found = [values async for values in fence.directives_above(asked.number, head=0, session=fence)]
    state = await fence.grant(asked.incarnation, epoch=asked.epoch, number=asked.number, session=fence)
    yield fencing.terms(state, lease=lease)
    for values in found:
        yield values


def a_clock_set_back(world: World) -> None:
    """Somebody sets the replica's wall clock back, and its boot clock stood still as a machine's does that was frozen and copied."""
    replica = leased(world)
    replica.host.wall = -60.0
    waiting = committed(world, PATIENT, "w")
    passes(world, LEASE + 1.5)
    world.finish(waiting)
    read(world, replica)


class BelievesTheSlowerClock(Lease):
    def left(self, now: Reading) -> float:
        if self._asked is None:
            return 0.0
        return max(0.0, self._lasts - min(now.boot - self._asked.boot, now.wall - self._asked.wall))


class WithSlowClock(View):
    def __init__(self, incarnation: str) -> None:
        super().__init__(incarnation)
        self.lease = BelievesTheSlowerClock()


def an_epoch_that_ended(world: World) -> None:
    """After a restore numbers begin again below those that were held."""
    replica = leased(world)
    for number in range(3):
        waiting = committed(world, OTHER, f"old-{number}")
        for value in world.store.outbox[number:]:
            replica.hear(value)
        states(world, replica)
        world.finish(waiting)
    world.begin_epoch()
    world.store.fence = replace(world.store.fence, head=0)
    waiting = committed(world, PATIENT, "new")
    states(world, replica)
    tries(world, waiting)
    read(world, replica)


def a_row_of_an_ended_epoch(world: World) -> None:
    waiting = committed(world, PATIENT, "w")
    world.finish(waiting)
    world.begin_epoch()
    read(world, leased(world))


class ForgetsEndedEpochs(View):
    def install(self, value: bytes) -> None:
        if unpacked(value).epoch == self.epoch:
            super().install(value)


class CountsAnyEpoch(Positions):
    def has_stated(self, incarnation: str, *, epoch: int, number: int) -> bool:
        return any(super(CountsAnyEpoch, self).has_stated(incarnation, epoch=one, number=number) for one in range(epoch + 1))


def a_waiter_whose_clock_is_set_forward(world: World) -> None:
    replica = leased(world)
    waiting = committed(world, PATIENT, "w")
    world.registries[0].host.wall = 60.0
    tries(world, waiting)
    read(world, replica)


async def waits_by_the_wall_clock(change: Change, since: Reading, desk: Any) -> Change:
    def wall() -> Reading:
        return Reading(desk.clocks().wall, desk.clocks().wall)

    return await bring_into_force(change, since=Reading(since.wall, since.wall), desk=SimpleNamespace(**vars(desk) | {"clocks": wall}))


def renewed_while_being_removed(world: World) -> None:
    """Its grant stood still for long enough; it renews before it is taken off the list."""
    replica = leased(world)
    registry = world.registries[0]
    world.finish(world.start("look", registry.remove_lapsed()))
    passes(world, LEASE + 2)
    removing = world.start("remove", registry.remove_lapsed())
    world.until(removing, "remove")
    world.finish(renew(world))
    world.finish(removing)
    waiting = committed(world, PATIENT, "w")
    tries(world, waiting)
    read(world, replica)


def a_lease_after_leaving(world: World) -> None:
    """Its last word is out, then a lease that it had asked for arrives."""
    late = renew(world)
    world.until(late, "answered")
    replica = world.replicas[0]
    replica.view.leave()
    world.registries[0].positions.leave(replica.view.incarnation)
    waiting = committed(world, PATIENT, "w")
    tries(world, waiting)
    world.finish(late)
    read(world, replica)


class ComesBack(View):
    def leave(self) -> None:
        """Says that it leaves, and does not mean it."""


def removed_too_soon(world: World) -> None:
    """A member that is only slow is taken off the list, then somebody withdraws."""
    replica = leased(world)
    registry = world.registries[0]
    world.finish(world.start("remove", registry.remove_lapsed()))
    passes(world, 2)
    world.finish(world.start("remove", registry.remove_lapsed()))
    running = withdraw(world)
    tries(world, running)
    read(world, replica)


def unreadable(world: World) -> None:
    """A directive of a later version of Serment, which needs a feature that is not known here."""
    replica = leased(world)
    waiting = committed(world, PATIENT, "w")
    replica.hear(world.store.outbox[0].replace(b'"mustUnderstand":[]', b'"mustUnderstand":["moon-phase"]'))
    states(world, replica)
    tries(world, waiting)
    read(world, replica)


def unreadable_altogether(world: World) -> None:
    replica = leased(world)
    committed(world, PATIENT, "w")
    replica.hear(b"\xff")
    world.answer(PATIENT, 1, 1)  # as if others had stated it
    read(world, replica)


class PassesItBy(View):
    def hear(self, value: bytes | None) -> Heard:
        try:
            unpacked(value)
        except UnreadableDirectiveError as error:
            if error.number is not None:
                self._count(error.number)
            return Heard.APPLIED
        return super().hear(value)


def asked_again_after_a_crash(world: World) -> None:
    """The answering process dies while it waits; the person tries again at another one."""
    replica = leased(world)
    committed(world, PATIENT, "w")
    world.running.clear()
    again = withdraw(world, registry=1)
    tries(world, again)
    read(world, replica)


async def believes_the_commit(change: Change, since: Reading, desk: Any) -> Change:
    return change


NEEDED: dict[str, tuple[Schedule, Rules]] = {
    "a lease lasts from the moment it was asked for": (an_answer_under_way_for_long, Rules(renew_lease=counts_from_arrival)),
    "the number becomes the head, not the highest seen": (a_row_newer_than_the_head, Rules(view=TakesTheHighestSeen)),
    "the lease begins after the last row": (a_lease_before_its_rows, Rules(renew_lease=extends_first)),
    "only a higher number replaces what is held": (reordered, Rules(view=AppliesWhateverComes)),
    "a number is stated only without a gap below it": (lost, Rules(view=CountsOverGaps)),
    "the members are those of the transaction itself": (a_member_that_came_just_before, Rules(members_of=looked_before)),
    "whoever waits, waits longer than a lease lasts": (a_lease_still_running, Rules(waits_for=LEASE - 3)),
    "nothing is decided without a lease": (a_lease_that_ran_out, Rules(looks_at_lease=False)),
    "rows are read in the session of the grant": (a_deposed_primary, Rules(grant_lease=reads_outside_the_session)),
    "rows are read after the grant": (a_commit_between_rows_and_grant, Rules(grant_lease=reads_rows_first)),
    "a holder believes the faster clock": (a_clock_set_back, Rules(view=WithSlowClock)),
    "whoever waits believes the slower clock": (a_waiter_whose_clock_is_set_forward, Rules(bring_into_force=waits_by_the_wall_clock)),
    "a row of an ended epoch is a patient's word": (a_row_of_an_ended_epoch, Rules(view=ForgetsEndedEpochs)),
    "numbers count within their epoch": (an_epoch_that_ended, Rules(positions=CountsAnyEpoch)),
    "a removal is for one grant only": (renewed_while_being_removed, Rules(compares_grants=False)),
    "leaving is final": (a_lease_after_leaving, Rules(view=ComesBack, decides_after_leaving=True)),
    "a member is removed only when its grant stood still": (removed_too_soon, Rules(removes_after=0.0)),
    "what cannot be applied blocks its patient": (unreadable, Rules(view=PassesItBy)),
    "what names no patient blocks them all": (unreadable_altogether, Rules(view=PassesItBy)),
    "a change without proof of force is waited for again": (asked_again_after_a_crash, Rules(bring_into_force=believes_the_commit)),
}


class TestEveryRule:
    @pytest.mark.parametrize("rule", NEEDED)
    def test_keeps_this_schedule_harmless(self, rule: str) -> None:
        schedule, _without = NEEDED[rule]
        schedule(World())

    @pytest.mark.parametrize("rule", NEEDED)
    def test_is_needed(self, rule: str) -> None:
        schedule, without = NEEDED[rule]
        with pytest.raises(StaleDecisionError):
            schedule(World(without))
