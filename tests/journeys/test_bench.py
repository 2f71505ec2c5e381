"""The benchmarks still measure: each in a form so short that its numbers mean nothing, on real servers."""

import re
import subprocess
import sys
from pathlib import Path

from bench.read import extent, measure_read
from deploy.local.stack import Stack

ROOT = Path(__file__).parents[2]


class TestBench:
    def test_measures_reads_and_counts_a_note_for_each(self, stack: Stack) -> None:
        results, parts = measure_read(stack, extent(pairs=1, short=True), say=print)

        told = {one["name"]: one["value"] for one in results}
        assert told["notes kept for the answers given"] == 1
        assert told["processor time of a protected read, 64 in flight, 0 % key-cache hits"] > 1
        assert all(value > 0 for value in told.values())
        assert {"the record is opened", "the note is worded"} < parts["microseconds"].keys()

    def test_measures_decisions_in_a_process_of_their_own(self) -> None:
        argv = [sys.executable, "-m", "bench", "decision", "--short", "--pairs", "1"]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)

        told = re.findall(r"^(?:decision|memory) .*: ([\d.]+) ", done.stdout, flags=re.MULTILINE)
        assert [float(value) > 0 for value in told] == [True] * 4, done.stdout + done.stderr
