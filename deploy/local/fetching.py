"""Runs a program that fetches packages, and words its failure: no network, or what the program itself said last."""

import fcntl
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.local.launcher_error import LauncherError
from deploy.local.leash import leashed

LONGEST_FETCH = 900
NO_NETWORK = re.compile(
    r"dns error|name resolution|failed to resolve|connection ?(error|refused|reset|aborted)|max retries|tcp connect|unreachable|"
    r"timed? ?out|proxyerror|tunnel|error sending request|network",
    re.IGNORECASE,
)


def fetch(what: str, argv: Sequence[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"}}
    try:
        done = subprocess.run(
            leashed(list(argv)),
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_FETCH,
        )
    except subprocess.TimeoutExpired:
        raise LauncherError(f"{what} could not be fetched within {LONGEST_FETCH // 60} minutes; run this again to go on.") from None
    if done.returncode:
        raise LauncherError(_worded(what, done.stderr or done.stdout))


def _worded(what: str, output: str) -> str:
    if NO_NETWORK.search(output):
        return f"{what} could not be fetched, for the package registry was not reached: check this machine's network, then run this again."
    last = ([line.strip() for line in output.splitlines() if line.strip()] or ["it said nothing"])[-1]
    return f"{what} could not be fetched: {last}"


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Two launchers in one repository do not fetch into the same folder at once: the second waits and finds the work done."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
