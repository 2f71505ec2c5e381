"""Takes each part away in turn: the story fails at the step that needs it, and holds again once it is back."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from cli.story import ledger_view
from cli.story.steps import STEPS
from cli.story.telling import Step
from tests.builders import Desk
from tests.faults.ground import Ground

_PATIENCE = 4.0
"""Seconds within which a note must reach the signed ledger; under a tenth of one when nothing is taken away."""

_RELAYED_ANEW = 12.0
"""Seconds: the outbox of a site changes hands when its relay has been silent for five."""


@pytest.fixture(autouse=True)
def _whole_before_and_after(ground: Ground) -> Iterator[None]:
    """A story that never held would fail for another reason than the one a test names."""
    ground.wait_until_ready()
    yield
    ground.wait_until_ready()


FIRST = STEPS[:5]
"""Up to the erasure; what comes after is told by itself, each step on a chart of its own."""


def failed_at(ground: Ground, *steps: Step, patience: float = _PATIENCE) -> tuple[list[int], list[int], str]:
    """The steps that held, the steps that failed, and everything that was said; they hold again once the part is back."""
    code, said = ground.tell_story(patience=patience, steps=steps or FIRST)
    assert code == 1, said
    held, failed = ([int(step) for step in re.findall(rf"{mark} (\d)\.", said)] for mark in "✓✗")
    return held, failed, said


def holds(ground: Ground, *steps: Step) -> None:
    code, said = ground.tell_story(steps=steps or FIRST)
    assert code == 0, said


NEEDED_LATER = [
    pytest.param("consent", (STEPS[5],), id="consent"),
    pytest.param("notifier", (STEPS[6],), id="notifier"),
    pytest.param("audit", (STEPS[7],), id="detection"),
    pytest.param("governance", (STEPS[0], STEPS[8]), id="governance"),
]


class TestTheStoryFails:
    def test_at_its_first_step_without_the_policy_that_opens_keys(self, ground: Ground) -> None:
        with without_policy(ground, "records-nord"):
            held, failed, said = failed_at(ground)

        assert (held, failed) == ([], [1])
        assert "keys-unavailable" in said
        holds(ground)

    def test_at_its_last_step_without_a_replica(self, ground: Ground) -> None:
        with ground.without("nord-b"):
            held, failed, said = failed_at(ground, patience=_RELAYED_ANEW)

        assert (held, failed) == ([1, 2, 3, 4], [5]), said

    @pytest.mark.parametrize(("service", "steps"), NEEDED_LATER)
    def test_at_the_step_that_needs_it_without(self, ground: Ground, service: str, steps: tuple[Step, ...]) -> None:
        with ground.without(service):
            held, failed, _said = failed_at(ground, *steps)

        assert (held, failed) == (list(range(1, len(steps))), [len(steps)])
        holds(ground, *steps)

    def test_at_its_first_step_without_the_ledger(self, ground: Ground) -> None:
        with ground.without("audit"):
            held, failed, said = failed_at(ground)

        assert (held, failed) == ([], [1])
        assert "did not reach the signed ledger" in said

    def test_at_its_first_step_without_the_topic_of_notes_while_reads_go_on_noted(self, ground: Ground, desk: Desk) -> None:
        _patient, address = desk.a_chart()
        settled = desk.ask("GET", address, "a.martin").headers["x-decision-id"]
        assert ground.times_in_ledger([settled]) == {1: 1}  # and so is all that was noted before
        before = desk.ledger_size()
        with without_topic(ground, "records.access", "records-nord"):
            held, failed, said = failed_at(ground)
            answers = [desk.ask("GET", address, "a.martin", replica=count % 2) for count in range(20)]
            decisions = [answer.headers["x-decision-id"] for answer in answers]
            waiting = ground.outbox()
            reached = ledger_view.size(desk.auditor) - before

        assert (held, failed) == ([], [1])
        assert "did not reach the signed ledger" in said
        assert [answer.status_code for answer in answers] == [200] * 20
        assert set(decisions) <= set(waiting)
        assert len(waiting) == len(set(waiting)) == 1 + 20  # the story's Bundle, and the reads
        assert reached == 0
        assert ground.times_in_ledger(waiting, since=before) == {1: 21}


@contextmanager
def without_policy(ground: Ground, name: str) -> Iterator[None]:
    vault, path = ground.stack.launch.vault, f"sys/policies/acl/{name}"
    kept = vault.read(path)["policy"]
    vault.write(path, {"policy": 'path "auth/token/lookup-self" { capabilities = ["read"] }'})
    try:
        yield
    finally:
        vault.write(path, {"policy": kept})


@contextmanager
def without_topic(ground: Ground, topic: str, user: str) -> Iterator[None]:
    """Denied to write there, which goes before every rule that allows it."""
    admin = ground.stack.servers.kafka.admin()
    rule = (ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, f"User:{user}", "*", AclOperation.WRITE, AclPermissionType.DENY)
    for done in admin.create_acls([AclBinding(*rule)]).values():
        done.result(timeout=10)
    try:
        yield
    finally:
        for removed in admin.delete_acls([AclBindingFilter(*rule)]).values():
            assert len(removed.result(timeout=10)) == 1
