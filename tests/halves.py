"""Runs the fault tests, the launcher's and the browser's beside all others, `python -m tests.halves`: each half waits much of its time."""
# ruff: noqa: T201 - it tells how far it is

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryFile

TESTS = Path(__file__).parent
FAULTS = [str(TESTS / name) for name in ("faults", "deploy", "browser")]
OTHERS = [str(TESTS), *(f"--ignore={TESTS / name}" for name in ("faults", "deploy", "browser", "architecture"))]
"""The fault tests and those of the launcher start servers of their own; the browser's share one stack, the others another."""
_PYTEST = [sys.executable, "-m", "pytest"]
_FAILED = 1


def main() -> int:
    """0 when both pass. The fault tests speak when they have ended; the others as they go."""
    started = time.monotonic()
    print("Running the fault tests beside all others; what they say comes last.", flush=True)
    with TemporaryFile() as said:
        faults = subprocess.Popen([*_PYTEST, *FAULTS], stdout=said, stderr=subprocess.STDOUT)
        others = subprocess.run([*_PYTEST, *OTHERS], check=False).returncode
        if faults.poll() is None:
            print("Waiting for the fault tests.", flush=True)
        failed = faults.wait()
        said.seek(0)
        print(said.read().decode(errors="replace"), flush=True)
    print(f"Both halves took {time.monotonic() - started:.0f} s.")
    return _FAILED if others or failed else 0


if __name__ == "__main__":
    sys.exit(main())
