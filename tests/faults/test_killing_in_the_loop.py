"""Kills a service in the middle of a step in which people are told: the same step again ends well, and nothing was told twice."""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import httpx
import pytest

from cli.story.checking import StepFailedError
from cli.story.closing_the_loop import break_glass_and_tell, suspect_and_confirm
from cli.story.duties import renew_duty
from cli.story.objection import object_and_take_back
from cli.story.scene import Scene, open_scene
from tests.faults.ground import Ground

LONG = os.environ.get("SERMENT_CAMPAIGN") == "long"
Step = Callable[[Scene], str]
SHORT: list[tuple[str, Step, float]] = [
    ("consent", object_and_take_back, 0.7),
    ("notifier", break_glass_and_tell, 3.0),
    ("audit", suspect_and_confirm, 2.0),
]
CAMPAIGN: list[tuple[str, Step, float]] = [
    (service, step, after)
    for step, services in {
        object_and_take_back: ("consent", "nord-a", "sud"),
        break_glass_and_tell: ("nord-a", "notifier", "audit"),
        suspect_and_confirm: ("audit", "notifier", "nord-a"),
        renew_duty: ("governance", "nord-b"),
    }.items()
    for service in services
    for after in (0.3, 1.0, 2.5)
]


@pytest.fixture
def scene(ground: Ground) -> Iterator[Scene]:
    opened = open_scene(ground.running, patience=60.0)
    yield opened
    opened.http.close()


class TestKilledInTheMiddle:
    @pytest.mark.parametrize(("service", "step", "after"), CAMPAIGN if LONG else SHORT)
    def test_loses_and_doubles_nothing(self, ground: Ground, scene: Scene, service: str, step: Step, after: float) -> None:
        scene.patients["nord"], _count, _note = scene.load_next_chart("nord")
        failed: list[BaseException] = []

        def told() -> None:
            try:
                step(scene)
            except BaseException as error:  # noqa: BLE001 - what a person would see is looked at below
                failed.append(error)

        running = threading.Thread(target=told)
        running.start()
        time.sleep(after)
        ground.start_again(service)
        ground.wait_until_ready("nord-a", "nord-b", "sud", "consent", "audit", "notifier", "governance")
        running.join(180)

        assert not running.is_alive()
        assert [error for error in failed if not isinstance(error, StepFailedError | httpx.TransportError)] == []
        step(scene)
        self._nothing_is_doubled(ground)

    def _nothing_is_doubled(self, ground: Ground) -> None:
        cases = ground.look(lambda mongo: mongo.database("notifier").get_collection("cases").find({}).to_list(length=None))
        mails = [path.read_text(errors="replace") for path in (ground.running.home / "mail").glob("*.eml")]
        idents = Counter(line for mail in mails for line in mail.splitlines() if line.lower().startswith("message-id:"))

        assert [suspicion for suspicion, count in Counter(case["suspicion"] for case in cases).items() if count > 1] == []
        assert [ident for ident, count in idents.items() if count > 1] == []
