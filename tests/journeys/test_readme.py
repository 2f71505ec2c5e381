"""The README's commands do what it says, and what it names is there."""

import re
import subprocess
from pathlib import Path

import pytest

from cli.running import Running

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = [block.strip().splitlines() for block in re.findall(r"```\n(.*?)```", README, flags=re.DOTALL)]
TWO, OTHERS = BLOCKS[0], BLOCKS[1]


class TestReadme:
    def test_is_short(self) -> None:
        assert len(README.splitlines()) < 100

    def test_names_two_commands_that_the_makefile_has(self) -> None:
        assert TWO == ["make run", "make test"]
        targets = subprocess.run(["make", "-qp", "--no-builtin-rules"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
        assert all(re.search(rf"^{command.split()[1]}:", targets, flags=re.MULTILINE) for command in TWO)

    def test_has_ci_do_what_it_says_for_the_tests(self) -> None:
        lines = [line for line in (ROOT / ".ci/run").read_text().splitlines() if line and not line.startswith(("#", "set ", "cd "))]
        assert lines == ["make test"]

    @pytest.mark.parametrize("command", OTHERS)
    def test_names_commands_that_work(self, running: Running, command: str) -> None:
        program, *arguments = command.split()
        done = subprocess.run([ROOT / program, *arguments, "--home", running.home], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.strip()

    @pytest.mark.parametrize("name", sorted(set(re.findall(r"\]\(([^)#:]+)\)|`((?:services|shared|tests|deploy|docs)/[^`]*)`", README))))
    def test_names_files_that_are_there(self, name: tuple[str, str]) -> None:
        assert (ROOT / (name[0] or name[1])).exists()
