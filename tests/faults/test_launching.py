"""Starts Serment as a person does, at a terminal, and does what people and machines do to it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.ports import Ports, find_free_ports

ROOT = Path(__file__).parents[2]
SERMENT = Path(sys.executable).with_name("serment")
SERVERS, NURSERY, SERVICES = 3, 1, 11
_STARTED_WITHIN = 120.0
_ENDED_WITHIN = 20.0


@dataclass
class Terminal:
    """One `serment up` under way; what it said is in `output`."""

    process: subprocess.Popen[bytes]
    output: Path
    home: Path

    def said(self) -> str:
        return self.output.read_text()

    def wait_for(self, words: str) -> None:
        deadline = time.monotonic() + _STARTED_WITHIN
        while words not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def ended(self) -> int:
        return self.process.wait(_ENDED_WITHIN)

    def children(self) -> dict[str, int]:
        """Living ones, by what they run."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            state, parent = state_of(int(process.name))
            if parent == self.process.pid and state != "Z":
                found[f"{process.name}: {(process / 'cmdline').read_text().replace(chr(0), ' ')}"] = int(process.name)
        return found

    def child(self, name: str) -> int:
        return int(json.loads((self.home / "stack.json").read_text())["processes"][name])


def state_of(pid: int) -> tuple[str, int]:
    """("Z" for one that is gone or waits to be buried, its parent)."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return "Z", 0
    return state, int(parent)


def left(pids: dict[str, int]) -> list[str]:
    return [command for command, pid in pids.items() if state_of(pid)[0] != "Z"]


@contextmanager
def up(home: Path, ports: Ports, output: Path) -> Iterator[Terminal]:
    argv = [str(SERMENT), "up", "--home", str(home), "--port-base", str(ports.base), "--no-story"]
    with output.open("wb") as file:
        process = subprocess.Popen(argv, stdout=file, stderr=subprocess.STDOUT, cwd=ROOT, start_new_session=True)
    try:
        yield Terminal(process, output, home)
    finally:
        process.kill()
        process.wait()


def serment(*argv: str) -> tuple[int, str]:
    done = subprocess.run([str(SERMENT), *argv], capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)
    return done.returncode, done.stdout + done.stderr


def eventually(holds: Callable[[], bool], *, within: float = _ENDED_WITHIN) -> bool:
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_one_sentence(said: str) -> bool:
    """For a person: told once, without a trace."""
    return "Traceback" not in said and len(said.strip().splitlines()) == 1 and said.strip()[-1] in ".:"


@pytest.fixture(scope="module")
def ports() -> Ports:
    return find_free_ports()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("launching") / "home"


class TestUp:
    """In this order, on one home: each test finds what the one before it left."""

    def test_names_a_port_that_is_taken(self, tmp_path: Path, ports: Ports) -> None:
        with socket.create_server(("127.0.0.1", ports["audit"])):
            code, said = serment("up", "--home", str(tmp_path / "home"), "--port-base", str(ports.base), "--no-story")

        assert code == 1
        assert f"Port {ports['audit']}, meant for audit, is taken" in said
        assert "Traceback" not in said

    def test_leaves_no_orphan_when_it_is_killed(self, home: Path, ports: Ports, tmp_path: Path) -> None:
        with up(home, ports, tmp_path / "output") as terminal:
            terminal.wait_for("Starting Serment's services.")
            assert eventually(lambda: len(terminal.children()) == SERVERS + NURSERY + SERVICES)
            children = terminal.children()
            terminal.process.kill()
            terminal.process.wait()

        assert eventually(lambda: not left(children), within=5), left(children)

    def test_begins_a_half_written_home_anew_refuses_a_second_run_and_ends_on_ctrl_c(
        self, home: Path, ports: Ports, tmp_path: Path
    ) -> None:
        with up(home, ports, tmp_path / "output") as terminal:
            terminal.wait_for("Ctrl-C ends everything")
            second = serment("up", "--home", str(home), "--port-base", str(ports.base), "--no-story")
            unknown = serment("token", "nobody", "--home", str(home))
            not_held = serment("token", "a.martin", "--purpose", "HSYSADMIN", "--home", str(home))
            children = terminal.children()
            os.kill(terminal.process.pid, signal.SIGINT)
            code = terminal.ended()
            said = terminal.said()

        assert "is set aside" in said
        assert (home / "set-aside" / "secrets").is_dir()
        assert second[0] == 1
        assert is_one_sentence(second[1])
        assert f"already running here (process {terminal.process.pid}," in second[1]
        assert unknown[0] == not_held[0] == 1
        assert is_one_sentence(unknown[1])
        assert "There is no account nobody" in unknown[1]
        assert is_one_sentence(not_held[1])
        assert code == 0
        assert "Traceback" not in said
        assert len(children) == SERVERS + NURSERY + SERVICES
        assert left(children) == []

    def test_says_which_process_died_and_ends_the_others(self, home: Path, ports: Ports, tmp_path: Path) -> None:
        with up(home, ports, tmp_path / "output") as terminal:
            terminal.wait_for("Ctrl-C ends everything")
            children = terminal.children()
            os.kill(terminal.child("audit"), signal.SIGKILL)
            code = terminal.ended()
            said = terminal.said()

        assert code == 1
        assert re.search(r"serment: audit ended with code -9; its log is \S+/audit\.log\.", said)
        assert "Traceback" not in said
        assert said.count("serment: ") == 1
        assert "is set aside" not in said
        assert len(children) == SERVERS + NURSERY + SERVICES
        assert left(children) == []

    @pytest.mark.parametrize("argv", [["story"], ["verify"], ["parked"], ["token", "a.martin"]])
    def test_that_was_ended_is_told_by_every_command(self, home: Path, argv: list[str]) -> None:
        code, said = serment(*argv, "--home", str(home))

        assert code in {1, 2}
        assert "Start it with `make run`" in said
        assert "Traceback" not in said


class TestWithoutAnInstallation:
    @pytest.mark.parametrize("argv", [["story"], ["verify"], ["parked"], ["parked", "--replay", "records.change"], ["token", "a.martin"]])
    def test_says_so_in_one_sentence(self, tmp_path: Path, argv: list[str]) -> None:
        code, said = serment(*argv, "--home", str(tmp_path / "nowhere"))

        assert code in {1, 2}
        assert is_one_sentence(said)
        assert "There is no installation in" in said
        assert not (tmp_path / "nowhere").exists()
