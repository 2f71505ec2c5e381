"""Imports once what every service imports, and forks the services from there, so that starting one costs no import.

Runs as `python -m deploy.local.nursery SOCKET LAUNCHER`. Each service is forked twice and handed to the launcher, its true parent from
then on, by the kernel (PR_SET_CHILD_SUBREAPER); it then runs its module as `python -m` would, in a session and an environment of its own.
"""

import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock

from deploy.local.launcher_error import LauncherError
from deploy.local.leash import PR_SET_PDEATHSIG

PRELOADED = (
    "aiohttp",
    "aiokafka",
    "bson",
    "cryptography.hazmat.primitives.ciphers.aead",
    "fastapi",
    "faststream.kafka",
    "hvac",
    "joserfc.jwt",
    "motor.motor_asyncio",
    "opentelemetry.sdk._logs.export",
    "opentelemetry.sdk.trace.export",
    "opentelemetry.trace.propagation.tracecontext",
    "orjson",
    "prometheus_client",
    "pydantic_settings",
    "pymongo",
    "structlog",
    "uvicorn",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.httptools_impl",
    "uvloop",
)
"""Packages of others only: a module of ours may register metrics, which belong to the service that imports it."""
AVAILABLE = sys.platform == "linux"
_PR_SET_NAME, _PR_SET_CHILD_SUBREAPER = 15, 36
_LARGEST = 128 * 1024
_ADOPTED_WITHIN = 10.0


class Nursery:
    """The launcher's side."""

    def __init__(self, log: Path) -> None:
        self._log = log
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno()), str(os.getpid())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def fork(self, module: str, arguments: Sequence[str], *, env: Mapping[str, str], log: Path) -> "Forked":
        """Raises LauncherError when the nursery is gone."""
        request = {"module": module, "arguments": list(arguments), "env": dict(env), "log": str(log)}
        try:
            self._line.send(json.dumps(request).encode())
            return Forked(int(self._line.recv(64)))
        except (OSError, ValueError) as error:
            raise LauncherError(f"The process that starts the services ended; its log is {self._log}.") from error

    def close(self) -> None:
        self._line.close()
        self._process.kill()
        self._process.wait()


class Forked:
    """A child that somebody else forked, with as much of Popen's interface as a launcher needs."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._reaping = Lock()
        self._code: int | None = None
        self._watch = select.poll()
        self._watch.register(os.pidfd_open(pid), select.POLLIN)

    def poll(self) -> int | None:
        with self._reaping:
            if self._code is None:
                found, status = os.waitpid(self.pid, os.WNOHANG)
                self._code = os.waitstatus_to_exitcode(status) if found else None
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        self._watch.poll(None if timeout is None else timeout * 1000)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return code


def fork_on_request(line: socket.socket, launcher: int) -> None:
    """Until the launcher hangs up; returns in a forked service as well, when that has ended."""
    while packet := line.recv(_LARGEST):
        reading, writing = os.pipe()
        between = os.fork()
        if not between:
            if os.fork():
                os._exit(0)
            os.setsid()
            os.write(writing, str(os.getpid()).encode())
            os.close(reading)
            os.close(writing)
            line.close()
            _tie_to(launcher)
            _become(**json.loads(packet))
            return
        os.waitpid(between, 0)  # only now is the service the launcher's child
        line.send(os.read(reading, 64))
        os.close(reading)
        os.close(writing)


def _tie_to(launcher: int) -> None:
    """Killed by the kernel when the launcher ends, as every child of it."""
    deadline = time.monotonic() + _ADOPTED_WITHIN
    while os.getppid() != launcher and time.monotonic() < deadline:
        time.sleep(0.001)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != launcher:
        os._exit(1)


def _become(module: str, arguments: list[str], env: dict[str, str], log: str) -> None:
    os.umask(0o077)
    ctypes.CDLL(None).prctl(_PR_SET_NAME, module.encode(), 0, 0, 0)  # what `ps` and `top` show
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.close(out)
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115 - lasts as long as the process
    os.environ.clear()
    os.environ.update(env)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def main(descriptor: int, launcher: int) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    for name in PRELOADED:
        importlib.import_module(name)
    gc.freeze()
    fork_on_request(socket.socket(fileno=descriptor), launcher)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
