"""`python -m checks` runs all of them, two at a time, tells each as it ends, and exits 1 when any failed."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
_PYTHON = sys.executable
_AT_ONCE = 2
_PATIENCE = 300

CHECKS: Mapping[str, Sequence[str]] = {
    "types": [_PYTHON, "-m", "mypy"],
    "architecture": [_PYTHON, "-m", "pytest", "--tb=short", "-o", "verbosity_assertions=2", "tests/architecture"],
    "import contracts": [str(Path(_PYTHON).with_name("lint-imports")), "--no-logo"],
    "generated docs": [_PYTHON, "-m", "catalogue", "--check"],
    "format": [_PYTHON, "-m", "ruff", "format", "--check", "."],
    "lint": [_PYTHON, "-m", "ruff", "check", "--output-format", "concise", "."],
    "locks": [_PYTHON, "-m", "checks.locks"],
    "licences": [_PYTHON, "-m", "checks.licences"],
}
"""The slowest first."""


@dataclass(frozen=True, slots=True)
class Result:
    name: str
    passed: bool
    seconds: float
    output: str


def main() -> int:
    began = time.monotonic()
    failed = []
    for result in _run_all():
        print(f"{'pass' if result.passed else 'FAIL'}  {result.name:<17}{result.seconds:5.1f} s", flush=True)
        if not result.passed:
            failed.append(result.name)
            print("\n".join(f"      {line}" for line in result.output.strip().splitlines()), flush=True)
    told = f"{len(failed)} of {len(CHECKS)} checks failed: {', '.join(failed)}" if failed else f"All {len(CHECKS)} checks pass"
    print(f"{told} ({time.monotonic() - began:.0f} s).")
    return 1 if failed else 0


def _run_all() -> Iterator[Result]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for future in as_completed([pool.submit(_run, name, command) for name, command in CHECKS.items()]):
            yield future.result()


def _run(name: str, command: Sequence[str]) -> Result:
    began = time.monotonic()
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=_PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Result(name, passed=False, seconds=time.monotonic() - began, output=f"could not be run: {error}")
    return Result(name, done.returncode == 0, time.monotonic() - began, done.stdout + done.stderr)


if __name__ == "__main__":
    sys.exit(main())
