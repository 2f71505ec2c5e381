"""Measures the protected read: its processor time against the same bytes from memory, its throughput against the same read unprotected."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from bench.figures import Goal, Pair, Result, machine
from bench.ground import Ground, Server, make_ground, running_server
from bench.noted import count_notes, end_of_notes
from deploy.local.ports import LOOPBACK, find_free_ports
from deploy.local.stack import Stack
from shared.clock import rfc3339, utc_now

Say = Callable[[str], None]
Told = dict[str, Any]
_CPU = Goal("<=", 6.0, aim=4.0)
_THROUGHPUT = Goal(">=", 0.60, aim=0.80)
_EVERY_ONE = Goal("=", 1.0)
_REQUESTS = {"protected": 6000, "static": 20_000, "plain": 10_000}
_AT = {64: 1.0, 8: 0.2, 1: 0.05}
"""How many of those requests are made, by requests in flight: fewer in flight take longer."""
_REPORTED = 5
"""Pairs for what has no goal."""
_STAGED = 5000


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured; the short form only shows that nothing is badly wrong."""

    pairs: int
    patients: int
    share: float
    short: bool

    def requests(self, server: Server, in_flight: int) -> int:
        return int(_REQUESTS[server.name.partition("-")[0]] * _AT[in_flight] * self.share)


def extent(*, pairs: int, short: bool) -> Extent:
    return Extent(min(pairs, 3), 25, 0.25, short=True) if short else Extent(pairs, 1000, 1.0, short=False)


def measure_read(stack: Stack, ext: Extent, *, say: Say) -> tuple[list[Told], Told]:
    """The results, and where the microseconds go."""
    with TemporaryDirectory(prefix="serment-bench-") as folder:
        say(f"Storing {ext.patients} charts.")
        ground = make_ground(stack, Path(folder), patients=ext.patients)
        engine, began = ground.engine, end_of_notes(ground.running)
        with baselines(ground) as (static, plain):
            results = list(_measured(ground, ext, static, plain, say))
            stages = _stages(ground, results[0].pairs, int(_STAGED * ext.share), say)
        results.append(_noted(ground, began))
        now = utc_now()
        return [one.told(engine=engine, now=now, short=ext.short) for one in results], stages


@contextmanager
def baselines(ground: Ground) -> Iterator[tuple[Server, Server]]:
    """One process, two routes: the bytes from memory, and the coalesced read of plain documents."""
    answers = ground.folder / "answers.json"
    answers.write_text(json.dumps(ground.answers))
    port = find_free_ports()["nord-a"]
    environment = ground.environment(MONGODB_URI=ground.mongodb_uri, MONGO_DRIVER=_driver(ground))
    argv = ["bench.baselines", str(answers), "--port", str(port)]
    with running_server("baselines", argv, port=port, environment=environment, log=ground.folder / "baselines.log") as server:
        yield (
            dataclasses.replace(server, name="static", prefix="/static/fhir/"),
            dataclasses.replace(server, name="plain", prefix="/plain/fhir/"),
        )


def _driver(ground: Ground) -> str:
    return ground.environment().get("SERMENT_MONGO_DRIVER", "motor")


def _measured(ground: Ground, ext: Extent, static: Server, plain: Server, say: Say) -> Iterator[Result]:
    servers = [ground.protected, static, plain]
    for in_flight in [64] if ext.short else _AT:
        say(f"Measuring with {in_flight} in flight, {ext.pairs} times.")
        told = rounds(ground, ext, servers, in_flight)
        goals = (_CPU, _THROUGHPUT) if in_flight == 64 else (None, None)
        yield _cpu(told, f"{in_flight} in flight", goals[0])
        yield Result(
            f"throughput of a protected read, {in_flight} in flight",
            "of the unprotected throughput",
            [(_rate(a), _rate(b)) for a, b in zip(told["protected"], told["plain"], strict=True)],
            goals[1],
            what="answers a second, against the same service and coalescing without decision, seal and note",
        )
    for capacity in (0,) if ext.short else (ext.patients // 2, 0):
        yield _with_small_cache(ground, ext, static, capacity, say)


def rounds(ground: Ground, ext: Extent, servers: Sequence[Server], in_flight: int) -> dict[str, list[Told]]:
    """Each round measures every server once, every second one in reverse, so that a drift of the machine falls on all of them."""
    told: dict[str, list[Told]] = {server.name: [] for server in servers}
    for server in servers:
        ground.load(server, in_flight=in_flight, requests=ext.requests(server, in_flight))  # fills the caches
    for number in range(ext.pairs):
        for server in servers if number % 2 == 0 else reversed(servers):
            told[server.name].append(ground.load(server, in_flight=in_flight, requests=ext.requests(server, in_flight)))
    return told


def _cpu(told: Mapping[str, Sequence[Told]], circumstances: str, goal: Goal | None) -> Result:
    protected, static = (next(told[name] for name in told if name.startswith(first)) for first in ("protected", "static"))
    return Result(
        f"processor time of a protected read, {circumstances}",
        "times the same bytes from memory",
        [(a["cpu_us"], b["cpu_us"]) for a, b in zip(protected, static, strict=True)],
        goal,
        what="microseconds of the serving process for one answer, against the same server answering the same bytes from memory",
    )


def _rate(told: Told) -> float:
    return float(told["timed"] / told["seconds"])


def _with_small_cache(ground: Ground, ext: Extent, static: Server, capacity: int, say: Say) -> Result:
    """The same read from a process whose keyring remembers fewer owners than are read."""
    port = find_free_ports()["nord-b"]
    environment = ground.environment(SERMENT_INSTANCE="nord-a-bench", SERMENT_PORT=str(port))
    argv = ["bench.serving", "--capacity", str(capacity)]
    log = ground.folder / f"capacity-{capacity}.log"
    with running_server("protected-small", argv, port=port, environment=environment, log=log) as server:
        say(f"Measuring with a key cache of {capacity} for {ground.patients} patients.")
        told = rounds(ground, dataclasses.replace(ext, pairs=min(ext.pairs, _REPORTED), share=ext.share / 2), [server, static], 64)
        looked = httpx.get(f"http://{LOOPBACK}:{port}/bench/keyring", trust_env=False).json()
    share = 100 * looked["hits"] / (looked["hits"] + looked["misses"])
    return _cpu(told, f"64 in flight, {share:.0f} % key-cache hits", None)


def _noted(ground: Ground, began: int) -> Result:
    noted = count_notes(ground.running, since=began, addresses=ground.answers.keys(), at_least=ground.asked)
    pair: Pair = (noted, ground.asked)
    return Result("notes kept for the answers given", "notes an answer", [pair], _EVERY_ONE, what="counted in Kafka after all of the above")


def _stages(ground: Ground, cpu: Sequence[Pair], requests: int, say: Say) -> Told:
    """In microseconds a read; what the parts do not explain is the door's: routing, headers, metrics."""
    say("Measuring the parts of a read.")
    plan = ground.folder / "addresses.json"
    plan.write_text(json.dumps(list(ground.answers)))
    environment = ground.environment(SERMENT_INSTANCE="nord-a-bench", BENCH_TOKEN=ground.token())
    argv = [sys.executable, "-m", "bench.stages", str(plan), "--requests", str(requests)]
    told: Told = json.loads(subprocess.run(argv, env=environment, check=True, capture_output=True).stdout)
    ground.asked += told.pop("reads")
    protected, static = (sorted(column)[len(column) // 2] for column in zip(*cpu, strict=True))
    parts = {"the bytes are served, as from memory": static, **told["parts"]}
    parts["the door: routing, headers, metrics"] = protected - sum(parts.values())
    microseconds = {name: round(value, 1) for name, value in parts.items()}
    return {"microseconds": microseconds, "whole": round(protected, 1), "when": rfc3339(utc_now()), "machine": machine()}
