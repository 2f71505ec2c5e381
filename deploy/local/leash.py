"""Runs as `python leash.py PARENT PROGRAM ...`: ties itself to its parent's life, then becomes PROGRAM.

A separate step instead of a function run between fork and exec, which may deadlock once the launcher has threads.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1


def leashed(argv: list[str]) -> list[str]:
    """The same command, killed by the kernel when the thread that started it ends."""
    if sys.platform != "linux":
        return argv
    return [sys.executable, "-I", "-S", str(Path(__file__).resolve()), str(os.getpid()), *argv]


def tie_and_become(parent: int, argv: list[str]) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the tie was made
        sys.exit(1)
    os.execvp(argv[0], argv)  # noqa: S606 - becoming the program is the point


if __name__ == "__main__":
    tie_and_become(int(sys.argv[1]), sys.argv[2:])
