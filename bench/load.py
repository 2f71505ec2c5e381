"""Asks one server the same list of paths with N requests in flight, in a process of its own, and tells what it saw as JSON.

`python -m bench.load PLAN --in-flight 64 --requests 6000 --pid 123`; PLAN is a file with `host`, `port`, `headers` and `paths`.
"""

import argparse
import asyncio
import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import uvloop

from bench.cpu_time import cpu_time

_WARM_UP = 0.15
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE).search


@dataclass
class Load:
    """Which requests remain, and what the answers were; only what follows the warm-up is timed."""

    messages: list[bytes]
    warm_up: int
    requests: int
    pid: int
    done: asyncio.Event = field(default_factory=asyncio.Event)
    statuses: Counter[bytes] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    began: tuple[float, int] = (0.0, 0)
    ended: tuple[float, int] = (0.0, 0)
    sent: int = 0
    answered: int = 0

    def __post_init__(self) -> None:
        self._next = cycle(self.messages)

    def following(self) -> bytes | None:
        if self.sent == self.warm_up + self.requests:
            return None
        self.sent += 1
        return next(self._next)

    def answer(self, status: bytes, seconds: float) -> None:
        self.statuses[status] += 1
        self.answered += 1
        if self.answered > self.warm_up:
            self.latencies.append(seconds)
        if self.answered == self.warm_up:
            self.began = (time.perf_counter(), cpu_time(self.pid))
        if self.answered == self.warm_up + self.requests:
            self.ended = (time.perf_counter(), cpu_time(self.pid))
            self.done.set()


class Caller(asyncio.Protocol):
    """One connection with one request in flight."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._buffer = b""
        self._whole = 0
        self._since = 0.0
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        message = self._load.following()
        if message is None:
            return
        self._buffer, self._whole, self._since = b"", 0, time.perf_counter()
        self._transport.write(message)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._whole:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _LENGTH(self._buffer, 0, end)
            self._whole = end + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) >= self._whole:
            self._load.answer(self._buffer[9:12], time.perf_counter() - self._since)
            self._ask()

    def connection_lost(self, _error: Exception | None) -> None:
        """A server that hangs up has answered nothing; the counts will show it."""
        self._load.done.set()


async def run_load(plan: dict[str, Any], *, in_flight: int, requests: int, pid: int) -> dict[str, Any]:
    head = "".join(f"{name}: {value}\r\n" for name, value in {"host": plan["host"], **plan["headers"]}.items())
    messages = [f"GET {path} HTTP/1.1\r\n{head}\r\n".encode() for path in plan["paths"]]
    load = Load(messages, max(in_flight, int(requests * _WARM_UP)), requests, pid)
    loop = asyncio.get_running_loop()
    callers = [await loop.create_connection(lambda: Caller(load), plan["host"], plan["port"]) for _ in range(in_flight)]
    await load.done.wait()
    for transport, _ in callers:
        transport.abort()
    return told(load)


def told(load: Load) -> dict[str, Any]:
    return {
        "statuses": {status.decode(): count for status, count in load.statuses.items()},
        "asked": load.warm_up + load.requests,
        "timed": load.requests,
        "seconds": load.ended[0] - load.began[0],
        "cpu_us": (load.ended[1] - load.began[1]) / 1000 / load.requests,
        **_latencies(sorted(load.latencies)),
    }


def _latencies(ordered: list[float]) -> dict[str, float]:
    return {f"p{part}_ms": 1000 * next(islice(ordered, len(ordered) * part // 100, None), 0.0) for part in (50, 99)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--in-flight", type=int, required=True)
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--pid", type=int, required=True, help="Process whose processor time is measured.")
    asked = parser.parse_args()
    plan = json.loads(asked.plan.read_text())
    print(json.dumps(uvloop.run(run_load(plan, in_flight=asked.in_flight, requests=asked.requests, pid=asked.pid))))


if __name__ == "__main__":
    main()
