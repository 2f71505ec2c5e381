"""Tells the story on the session's stack, where the README's command has told it before: each step holds and says what was seen."""

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from cli.running import Running
from cli.story.checking import StepFailedError
from cli.story.steps import STEPS
from cli.story.telling import tell_story

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
TOLD = (
    r"Loaded, sealed and noted: nord \d+ resources, sud \d+ resources\.",
    rf"Dr A read an Observation; the ledger holds one entry of it, proved under a signed checkpoint \({UUID}\)\.",
    r"Dr B is refused: « .*équipe.* » / “.*care team.*” One entry each\.",
    r"Clerk D read the patient's demographics, and was refused the Observation and the whole chart\.",
    r"Erased by two officers: tombstone, 410 on both replicas, a dump of \d+ documents opens nothing; \d+ entries verify\.",
    r"In force when answered: number \d+ on 3 of 3 replicas after \d+ ms; Dr A: “.*objected.*” Taken back: .* Both are entries\.",
    r"Dr C was refused, broke the glass until .*Told: o\.leroy, p\.moreau by mail, the patient in their inbox; .* 72 hours\.",
    r"Cases .* as suspected, the officer has mail; confirmed: \d+ affected patients from the ledger, the authority to be told by .*\.",
    r"Clerk D’s duty lapsed: refused on both replicas, “.*modules/privacy-basics.*” .*opened the door again\.",
)


def told_on(running: Running, steps=STEPS) -> tuple[int, list[str]]:
    paper = io.StringIO()
    code = tell_story(running, console=Console(file=paper, soft_wrap=True), steps=steps)
    return code, paper.getvalue().splitlines()


class TestStory:
    def test_holds_step_by_step(self, running: Running):
        code, lines = told_on(running)
        assert code == 0, lines
        assert len(lines) == 2 * len(STEPS) == 2 * len(TOLD)
        for number, (title, _tell) in enumerate(STEPS, 1):
            heading, told = lines[2 * number - 2 : 2 * number]
            assert re.fullmatch(rf"✓ {number}\. {re.escape(title)} \d+\.\d s", heading)
            assert re.fullmatch(rf" {{5}}{TOLD[number - 1]}", told)

    def test_names_an_entry_that_the_verifier_proves(self, running: Running, home_folder: Path):
        _code, lines = told_on(running, STEPS[:2])
        (decision,) = re.findall(UUID, lines[-1])
        command = [sys.executable, "-m", "cli", "verify", "--home", str(home_folder), "--entry", decision]
        proved = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert proved.returncode == 0, proved.stdout + proved.stderr
        assert re.fullmatch(
            r"Entry \d+ of records\.access: its bytes are under the signed checkpoint of size \d+\. The proof holds\.\n", proved.stdout
        )

    def test_ends_at_the_first_step_that_does_not_hold(self, running: Running):
        def fail(_scene: object) -> str:
            raise StepFailedError("the promise was broken")

        code, lines = told_on(running, (("A promise is kept", fail), *STEPS))
        assert (code, lines) == (1, ["✗ 1. A promise is kept", "     the promise was broken"])
