"""Proves how the launcher's children live and end, on real processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.child import Program
from deploy.local.children import Children
from deploy.local.launcher_error import LauncherError

ROOT = Path(__file__).parents[2]


class TestChildren:
    def test_tell_in_a_sentence_why_one_died_before_it_was_ready(self, children: Children, tmp_path: Path) -> None:
        log = tmp_path / "brief.log"
        log.write_text("a line of an earlier run\n")
        child = children.start(python("brief", "print('no such key'); raise SystemExit(3)", log))

        with pytest.raises(LauncherError) as told:
            child.until(lambda: False, within=10)

        assert str(told.value) == f"brief ended with code 3; its log is {log}. Its last lines:\n  no such key"

    def test_tell_that_one_was_not_ready_in_time(self, children: Children, tmp_path: Path) -> None:
        child = children.start(python("slow", "import time; time.sleep(60)", tmp_path / "slow.log"))

        with pytest.raises(LauncherError, match="slow was not ready after 0 seconds"):
            child.until(lambda: False, within=0.1)

    def test_hear_no_control_c_of_the_launcher(self, children: Children, tmp_path: Path) -> None:
        child = children.start(python("apart", "import time; time.sleep(60)", tmp_path / "apart.log"))

        assert os.getsid(child.pid) == child.pid

    def test_end_together_also_the_deaf_and_the_paused(self, children: Children, tmp_path: Path) -> None:
        deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
        deaf_one = children.start(python("deaf", deaf, tmp_path / "deaf.log"))
        paused = children.start(python("paused", "import time; time.sleep(60)", tmp_path / "paused.log"))
        deaf_one.until(lambda: deaf_one.tail() == ["deaf"], within=10)
        paused.pause()

        children.stop_all(patience=0.5)

        assert deaf_one.exit_code == -signal.SIGKILL
        assert paused.exit_code == -signal.SIGTERM

    def test_leave_no_orphan_when_the_launcher_is_killed(self, tmp_path: Path) -> None:
        script = (
            "import sys, time; from pathlib import Path\n"
            "from deploy.local.child import Program; from deploy.local.children import Children\n"
            "children = Children()\n"
            "sleeping = [sys.executable, '-c', 'print(1, flush=True); import time; time.sleep(60)']\n"
            "both = [children.start(Program(name, sleeping, Path(sys.argv[1]) / name)) for name in ('one', 'two')]\n"
            "for child in both: child.until(lambda: bool(child.tail()), within=10)\n"
            "print(*(child.pid for child in both), flush=True); time.sleep(60)\n"
        )
        with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True) as launcher:
            assert launcher.stdout is not None
            pids = [int(pid) for pid in launcher.stdout.readline().split()]
            assert len(pids) == 2
            assert all(map(is_running, pids))

            launcher.kill()

        assert eventually(lambda: not any(map(is_running, pids)))


@pytest.fixture
def children() -> Iterator[Children]:
    kept = Children()
    yield kept
    kept.stop_all(patience=0.2)


def python(name: str, code: str, log: Path) -> Program:
    return Program(name, [sys.executable, "-c", code], log)


def eventually(holds: Callable[[], bool], *, within: float = 5.0) -> bool:
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
