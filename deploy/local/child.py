"""A program run as a child of the launcher: its output kept in a log, its life and memory looked at, its end asked for or forced."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.launcher_error import LauncherError
from deploy.local.leash import leashed
from deploy.local.nursery import Forked, Nursery

LAST_LINES = 6
POLL_PAUSE = 0.04


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: `env` is added to the launcher's own environment and hidden, for it may hold secrets."""

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path | None = None
    module: str | None = None
    """A Python module of ours, to be run with `argv` as its arguments."""


class Child:
    def __init__(self, program: Program, *, nursery: Nursery | None = None) -> None:
        self.program = program
        program.log.parent.mkdir(parents=True, exist_ok=True)
        program.log.touch()
        self._log_start = program.log.stat().st_size
        if program.module and nursery:
            env = {**os.environ, **program.env}
            self._process: subprocess.Popen[bytes] | Forked = nursery.fork(program.module, program.argv, env=env, log=program.log)
        else:
            self._process = _spawned(program)

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def tail(self, lines: int = LAST_LINES) -> list[str]:
        """The last lines that this run wrote, not those of the runs before it."""
        with self.program.log.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, end - 64 * 1024))
            text = log.read().decode(errors="replace")
        return [line for line in text.splitlines() if line.strip()][-lines:]

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # a paused child must hear it too

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        self._process.wait()

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def gone_within(self, seconds: float) -> bool:
        try:
            self._process.wait(max(seconds, 0))
        except subprocess.TimeoutExpired:
            return False
        return True

    def until(self, ready: Callable[[], bool], *, within: float) -> None:
        """Waits until `ready()`; a child that dies meanwhile, or takes longer, is told in one sentence."""
        deadline = time.monotonic() + within
        while not ready():
            if not self.alive:
                raise LauncherError(self.obituary())
            if time.monotonic() > deadline:
                raise LauncherError(
                    f"{self.name} was not ready after {within:.0f} seconds; its log is {self.program.log}.{self._quoted_tail()}"
                )
            time.sleep(POLL_PAUSE)

    def obituary(self) -> str:
        return f"{self.name} ended with code {self.exit_code}; its log is {self.program.log}.{self._quoted_tail()}"

    def resident_bytes(self) -> int:
        """Resident memory of the child and of all it started, as the kernel counts it."""
        page = os.sysconf("SC_PAGE_SIZE")
        return sum(_resident_pages(process) for process in _processes_of_session(self.pid)) * page

    def _quoted_tail(self) -> str:
        """Without the steps of a trace, which would push out the line that tells the cause."""
        lines = [line for line in self.tail(60) if not line.startswith("\tat ")][-LAST_LINES:]
        return " Its last lines:\n" + "\n".join(f"  {line}" for line in lines) if lines else " It wrote nothing."

    def _signal(self, number: signal.Signals) -> None:
        """To the whole session, so that workers of a child go with it; nothing once it was reaped, for its number may serve another."""
        if self.alive:
            os.killpg(self.pid, number)


def _spawned(program: Program) -> subprocess.Popen[bytes]:
    module = [sys.executable, "-m", program.module] if program.module else []
    with program.log.open("ab") as log:
        return subprocess.Popen(
            leashed([*module, *program.argv]),
            env={**os.environ, **program.env},
            cwd=program.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the launcher only
            umask=0o077,
        )


def _processes_of_session(session: int) -> Iterator[Path]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            after_name = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(after_name[3]) == session:
            yield process


def _resident_pages(process: Path) -> int:
    try:
        return int((process / "statm").read_text().split()[1])
    except OSError:
        return 0
