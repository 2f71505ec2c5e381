"""`python -m bench ROW... [--pairs N] [--short]`: measures rows of the claims and writes docs/performance.md."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.decision import measure_decision
from bench.ground import REPLICA
from bench.pages import measure_pages
from bench.read import extent, measure_read
from bench.report import RESULTS, write_report
from bench.start import measure_start
from bench.withdrawal import measure_withdrawal
from deploy.local.home import claim_home
from deploy.local.launcher_error import LauncherError
from deploy.local.ports import find_free_ports
from deploy.local.stack import Stack, start_stack

LEAST_PAIRS = 15


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("rows", nargs="+", choices=["read", "withdrawal", "start", "decision", "pages"])
    parser.add_argument("--pairs", type=int, default=LEAST_PAIRS, help=f"pairs of measurements; fewer than {LEAST_PAIRS} prove nothing")
    parser.add_argument("--short", action="store_true", help="a glance that keeps nothing: three pairs, under 20 seconds")
    asked = parser.parse_args()
    try:
        return max(_measure(row, asked) for row in asked.rows)
    except LauncherError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1


def _measure(row: str, asked: argparse.Namespace) -> int:
    """0 when every goal is met."""
    parts: object = None
    if row == "read":
        with installation() as stack:
            results, parts = measure_read(stack, extent(pairs=asked.pairs, short=asked.short), say=print)
    else:
        measure = {"withdrawal": measure_withdrawal, "start": measure_start, "decision": measure_decision, "pages": measure_pages}[row]
        results = measure(pairs=asked.pairs, short=asked.short, say=print)
    for one in results:
        low, high = one["interval95"]
        verdict = {True: "met", False: "NOT MET", None: "reported"}[one["met"]]
        print(f"{one['name']}: {one['value']:.3f} {one['unit']} ({low:.3f} to {high:.3f}), {verdict}")
    if not asked.short:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{row}.json").write_text(json.dumps(results, indent=1) + "\n")
        if parts is not None:
            (RESULTS / f"{row}-parts.json").write_text(json.dumps(parts, indent=1) + "\n")
        write_report()
    return 0 if all(one["met"] is not False for one in results) else 1


@contextmanager
def installation() -> Iterator[Stack]:
    """Our own, with nothing beside the measured replica but those it needs: whatever runs takes time from what is measured."""
    with TemporaryDirectory(prefix="serment-bench-home-", ignore_cleanup_errors=True) as folder:
        stack = start_stack(claim_home(Path(folder) / "home", portal="the benchmark", say=print), find_free_ports(), say=print)
        try:
            needed = {REPLICA, "consent", "governance"}  # a replica decides by their word alone
            others = [child for name, child in stack.services.items() if name not in needed]
            for child in others:
                child.terminate()
            for child in others:
                child.gone_within(15)
            yield stack
        finally:
            stack.stop()


if __name__ == "__main__":
    sys.exit(main())
