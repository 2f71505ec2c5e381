"""Whatever happens in whatever order: no read that begins after an answer is decided under the old directive."""

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from shared.elapsed import Reading
from tests.enforcing.world import PATIENTS, World

LONG = os.environ.get("SERMENT_CAMPAIGN") == "long"
REPLICAS, REGISTRIES = 3, 2
replicas = st.integers(0, REPLICAS - 1)
registries = st.integers(0, REGISTRIES - 1)
patients = st.sampled_from(PATIENTS[:2])
any_one = st.integers(0, 1 << 16)


class AnySchedule(RuleBasedStateMachine):
    """Delays, doubles, losses and other orders of messages, pauses between any two awaits, crashes, restarts, clocks that are set,
    two relays, two registries, a deposed primary that still answers, an epoch that ends.
    """

    @initialize()
    def begin(self) -> None:
        self.world = World(replicas=REPLICAS, registries=REGISTRIES)
        self.idents = 0
        self.crashed: list[tuple[str, str]] = []
        self.reads: list[tuple[int, str, tuple[int, int]]] = []

    @rule(replica=replicas, registry=registries)
    def renew(self, replica: int, registry: int) -> None:
        world = self.world
        world.start(f"renew {replica}", world.replicas[replica].renew(world.registries[registry]))

    @rule(replica=replicas, registry=registries)
    def renew_at_once(self, replica: int, registry: int) -> None:
        world = self.world
        world.finish(world.start(f"renew {replica}", world.replicas[replica].renew(world.registries[registry])))

    @rule(patient=patients, registry=registries)
    def withdraw(self, patient: str, registry: int) -> None:
        self.idents += 1
        ident = f"w{self.idents}"
        self.crashed.append((patient, ident))
        self.world.start(f"withdraw {ident}", self.world.registries[registry].withdraw(patient, ident))  # type: ignore[arg-type]

    @precondition(lambda self: self.crashed)
    @rule(which=any_one, registry=registries)
    def ask_again(self, which: int, registry: int) -> None:
        """The same request at whichever process, whether the first one still waits, was answered, or died."""
        patient, ident = self.crashed[which % len(self.crashed)]
        if ident in self.world.store.changes:
            self.world.start(f"again {ident}", self.world.registries[registry].withdraw(patient, ident))  # type: ignore[arg-type]

    @rule(registry=registries)
    def remove_lapsed(self, registry: int) -> None:
        self.world.start("remove", self.world.registries[registry].remove_lapsed())

    @precondition(lambda self: self.world.running)
    @rule(which=any_one, steps=st.integers(1, 8))
    def go_on(self, which: int, steps: int) -> None:
        running = self.world.running[which % len(self.world.running)]
        for _ in range(steps):
            if not running.ended:
                self.world.go_on(running)

    @precondition(lambda self: self.world.running)
    @rule(which=any_one)
    def crash(self, which: int) -> None:
        del self.world.running[which % len(self.world.running)]

    @precondition(lambda self: self.world.store.outbox)
    @rule(first=any_one)
    def relay(self, first: int) -> None:
        self.world.relay(first=first % len(self.world.store.outbox))

    @precondition(lambda self: self.world.published)
    @rule(replica=replicas, which=any_one)
    def deliver(self, replica: int, which: int) -> None:
        """Any message, as often and in whatever order; those that this never picks are lost."""
        self.world.replicas[replica].hear(self.world.published[which % len(self.world.published)])

    @precondition(lambda self: self.world.published)
    @rule(replica=replicas, which=any_one)
    def deliver_damaged(self, replica: int, which: int) -> None:
        value = self.world.published[which % len(self.world.published)]
        damaged = [b"", b"\xff", value[:-1], value.replace(b'"mustUnderstand":[]', b'"mustUnderstand":["later"]')]
        self.world.replicas[replica].hear(damaged[which % len(damaged)])

    @rule(replica=replicas)
    def state(self, replica: int) -> None:
        self.world.stated.append(self.world.replicas[replica].state())

    @precondition(lambda self: self.world.stated)
    @rule(registry=registries, which=any_one)
    def hear_statement(self, registry: int, which: int) -> None:
        incarnation, epoch, number, left = self.world.stated[which % len(self.world.stated)]
        positions = self.world.registries[registry].positions
        positions.state(incarnation, epoch=epoch, number=number)
        if left:
            positions.leave(incarnation)

    @rule(seconds=st.sampled_from([0.1, 1.0, 4.0, 11.0, 20.5, 21.5]))
    def time_passes(self, seconds: float) -> None:
        self.world.time += seconds

    @rule(which=st.integers(0, REPLICAS + REGISTRIES - 1), wall=st.sampled_from([-100.0, -1.0, 0.3, 1.0, 100.0]))
    def set_clock(self, which: int, wall: float) -> None:
        world = self.world
        host = [*world.replicas, *world.registries][which].host
        host.wall += wall

    @rule(replica=replicas)
    def restart(self, replica: int) -> None:
        self.world.replicas[replica].view = self.world.new_view()

    @rule(replica=replicas)
    def leave(self, replica: int) -> None:
        leaving = self.world.replicas[replica]
        leaving.view.leave()
        self.world.stated.append(leaving.state())

    @rule(deposed=st.booleans())
    def depose(self, deposed: bool) -> None:
        self.world.stale = dict(self.world.store.directives) if deposed else None

    @precondition(lambda self: self.world.store.fence.epoch < 3)
    @rule()
    def restore(self) -> None:
        self.world.begin_epoch()

    @rule(replica=replicas, patient=patients)
    def begin_read(self, replica: int, patient: str) -> None:
        self.reads.append((replica, patient, self.world.floor(patient)))

    @precondition(lambda self: self.reads)
    @rule(which=any_one)
    def decide_read(self, which: int) -> None:
        replica, patient, floor = self.reads.pop(which % len(self.reads))
        self.world.decide(self.world.replicas[replica], patient, floor)

    @rule(replica=replicas, patient=patients)
    def read(self, replica: int, patient: str) -> None:
        self.world.decide(self.world.replicas[replica], patient, self.world.floor(patient))


AnySchedule.TestCase.settings = settings(
    max_examples=5000 if LONG else 150,
    stateful_step_count=120 if LONG else 60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestAnySchedule = AnySchedule.TestCase


class TestClocks:
    def test_never_let_a_lease_outlast_what_is_waited(self) -> None:
        """The lease's own arithmetic, for every pair of readings a machine can have."""
        from services.records.enforcing.lease import Lease

        lease = Lease()
        lease.extend(Reading(10.0, 500.0), 20.0)
        assert lease.left(Reading(29.0, 519.3)) > 0
        assert lease.left(Reading(30.0, 520.0)) == 0
        assert lease.left(Reading(12.0, 501.0)) == 0
