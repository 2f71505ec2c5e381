"""`serment parked` lists what a real service parked, and has that service handle it again."""

import subprocess
import sys
import uuid
from pathlib import Path

from cli.running import Running
from cli.story.checking import until
from deploy.local.stack import Stack
from shared.events.audit import SuspicionRaised
from tests.shared.kafka_desk import desk_of

SERMENT = Path(sys.executable).with_name("serment")
TOPIC = SuspicionRaised.topic.name
CANARY = uuid.uuid4().hex


def parked(running: Running, *more: str) -> tuple[int, str]:
    done = subprocess.run([SERMENT, "parked", *more, "--home", running.home], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


class TestParked:
    def test_is_listed_by_place_and_reason_and_said_to_fail_again(self, stack: Stack, running: Running) -> None:
        desk_of(stack.servers.kafka).put(TOPIC, CANARY.encode(), headers=[("ce_type", SuspicionRaised.type.encode())])

        until(lambda: "notifier: audit.suspicion" in parked(running)[1], within=20, otherwise="nothing was parked")
        code, listed = parked(running)
        again, told = parked(running, "--replay", TOPIC)

        assert (code, again) == (0, 1)
        assert f"{SuspicionRaised.type}, since 20" in listed
        assert "notifier: 0 handled; " in told
        assert f"{SuspicionRaised.type} failed again (UnreadableEventError)" in told
        assert "records/nord 2: 0 handled." in told
        assert CANARY not in listed + told

    def test_knows_the_topics_that_have_any(self, running: Running) -> None:
        code, told = parked(running, "--replay", "records.access")

        assert (code, "records.access has no parked messages. Topics that have: records.change" in told) == (1, True)
