"""Four replicas, three brokers, withdrawals and reads all the time, parts paused, cut off and killed: nothing is decided by old words."""

import asyncio
import json
import os
import statistics
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from threading import Thread
from typing import Any, TypeVar

import aiohttp
import httpx
import pytest

from cli.story.checking import until
from deploy.local.home import claim_home
from deploy.local.kafka_settings import SCRAM
from deploy.local.ports import LOOPBACK, Ports, find_free_ports
from deploy.local.services import prefixed
from deploy.local.stack import Shape, start_stack
from shared.enforcement import MARGIN
from tests.builders import Desk
from tests.faults.ground import Ground
from tests.shared.proxies import Wire

T = TypeVar("T")
LONG = os.environ.get("SERMENT_CAMPAIGN") == "long"
LEASE = 20.0 if LONG else 4.0
READS = 100_000 if LONG else 2400
REPLICAS = {"nord-a": "nord", "nord-b": "nord", "nord-c": "nord", "sud": "sud"}
AWAY = "nord-c"
BROKERS = (1, 2, 3)
CHARTS = 4
IN_FLIGHT = 8
_DENIED, _ALLOWED = 403, 200
_IMPATIENT = aiohttp.ClientTimeout(total=3)
_UNHEARD = (aiohttp.ClientError, TimeoutError, OSError)


@dataclass
class Chart:
    """`said[i]` is whether access is denied after change i; `answered` is the last that was answered, the last one begun stands last."""

    patient: str
    observation: str
    bases: list[str]
    login: str
    said: list[bool] = field(default_factory=lambda: [False])
    answered: int = 0


@dataclass
class Watch:
    """Readers and one patient per chart who changes their mind all the time."""

    ground: Ground
    charts: list[Chart]
    tokens: dict[str, str]
    reads: Counter[str] = field(default_factory=Counter)
    stale: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    stopped: bool = False

    async def read(self, http: aiohttp.ClientSession) -> None:
        turn = 0
        while not self.stopped:
            turn += 1
            chart = self.charts[turn % len(self.charts)]
            base = chart.bases[turn // len(self.charts) % len(chart.bases)]
            since = chart.answered
            headers = {"authorization": f"Bearer {self.tokens[chart.login]}"}
            try:
                async with http.get(f"{base}/{chart.observation}", headers=headers, timeout=_IMPATIENT) as answer:
                    await answer.read()
            except _UNHEARD:
                self.reads["unheard"] += 1
                await asyncio.sleep(0.05)
                continue
            self._judge(chart, base, since, answer.status)

    def _judge(self, chart: Chart, base: str, since: int, status: int) -> None:
        """Anything that was in force at some moment between the beginning of the read and its answer is right."""
        self.reads[str(status)] += 1
        if status in {_DENIED, _ALLOWED} and (status == _DENIED) not in chart.said[since:]:
            self.stale.append(f"{chart.observation} at {base}: {status} where {chart.said[since:]} was in force")

    async def change_minds(self, chart: Chart, http: aiohttp.ClientSession, consent: str) -> None:
        """Objects and takes it back; each request is repeated under its key until it is answered."""
        while not self.stopped:
            key = uuid.uuid4().hex
            body = {"patient": chart.patient, "kind": "objection", "purposes": ["TREAT"]}
            said = await self._until_answered(chart, http, f"{consent}/consents", f"{key}/a", body, denied=True)
            await asyncio.sleep(0.2)
            await self._until_answered(chart, http, f"{consent}/consents/{said['id']}/withdrawal", f"{key}/b", {}, denied=False)
            await asyncio.sleep(0.2)

    async def _until_answered(
        self, chart: Chart, http: aiohttp.ClientSession, url: str, key: str, body: dict[str, Any], *, denied: bool
    ) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.tokens['o.leroy']}", "idempotency-key": key}
        chart.said.append(denied)
        while True:
            try:
                async with http.post(url, json=body, headers=headers) as answer:
                    told = await answer.json()
                    if answer.status in {200, 201}:
                        break
                    self.reads[f"change {answer.status}"] += 1
            except _UNHEARD:
                self.reads["change unheard"] += 1
            await asyncio.sleep(0.2)
        chart.answered = len(chart.said) - 1
        self.waits.append(told["evidence"]["milliseconds"] / 1000)
        return told  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Its `nord-c` reaches `consent` and every broker through wires of the test's own."""
    ports, wires = find_free_ports(), find_free_ports()
    home = claim_home(tmp_path_factory.mktemp("enforcing") / "home", portal="the tests of enforcement", say=print)
    extra = {"consent": {"SERMENT_LEASE": f"PT{LEASE:.0f}S"}}
    ground = Ground(start_stack(home, ports, shape=Shape(brokers=3, every_chart=False, replicas=REPLICAS), extra=extra, say=print))
    with open_wires({wires["consent"]: ports["consent"]} | {wires.broker(n): _detour(ports, n) for n in BROKERS}) as running:
        try:
            _lay_detour(ground, wires)
            ground.wires = running  # type: ignore[attr-defined]
            yield ground
        finally:
            ground.stack.stop()


def _detour(ports: Ports, broker: int) -> int:
    return ports.broker(broker) + 2


def _lay_detour(ground: Ground, wires: Ports) -> None:
    """A broker tells whoever enters by a listener where to find that listener: a second one, told to be at the wire."""
    ports, children = ground.stack.ports, ground.stack.servers.children
    for number in BROKERS:
        client, controller = f"CLIENT://{LOOPBACK}:{ports.broker(number)}", f"CONTROLLER://{LOOPBACK}:{ports.controller(number)}"
        settings = {
            "listeners": f"{client},{controller},DETOUR://{LOOPBACK}:{_detour(ports, number)}",
            "advertised.listeners": f"{client},DETOUR://{LOOPBACK}:{wires.broker(number)}",
            "listener.security.protocol.map": "CONTROLLER:SASL_PLAINTEXT,CLIENT:SASL_PLAINTEXT,DETOUR:SASL_PLAINTEXT",
            "listener.name.detour.scram-sha-512.sasl.jaas.config": f"{SCRAM} required;",
        }
        with (ground.stack.home.path / f"kafka/node-{number}.properties").open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in settings.items())
    for number in BROKERS:
        ground.child(f"kafka-{number}").kill()
    for number in BROKERS:
        ground.start_again(f"kafka-{number}")
    program = ground.child(AWAY).program
    there = {"CONSENT_URL": wires.url("consent"), "KAFKA_BOOTSTRAP": json.dumps([f"{LOOPBACK}:{wires.broker(n)}" for n in BROKERS])}
    children.stop(ground.child(AWAY), patience=15)
    ground.stack.services[AWAY] = children.start(replace(program, env={**program.env, **prefixed(there)}))  # type: ignore[index]
    ground.wait_until_ready()
    ground.wait_until_ready(AWAY)


@contextmanager
def open_wires(ways: Mapping[int, int]) -> Iterator["Wires"]:
    wires = Wires(ways)
    try:
        yield wires
    finally:
        wires.close()


class Wires:
    """Ways from ports to ports that can be cut together, kept open by a thread of their own."""

    def __init__(self, ways: Mapping[int, int]) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._wires = {port: Wire((LOOPBACK, target)) for port, target in ways.items()}
        self._servers = self._run(self._opened())

    def cut(self) -> None:
        self._run(self._each(Wire.cut))

    def mend(self) -> None:
        self._run(self._each(Wire.mend))

    def close(self) -> None:
        self.cut()
        for server in self._servers:
            self._loop.call_soon_threadsafe(server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _opened(self) -> list[asyncio.Server]:
        return [await asyncio.start_server(wire.serve, LOOPBACK, port) for port, wire in self._wires.items()]

    async def _each(self, what: Callable[[Wire], None]) -> None:
        for wire in self._wires.values():
            what(wire)


@pytest.fixture(scope="module")
def charts(group: Ground) -> list[Chart]:
    made = []
    with httpx.Client(timeout=60, trust_env=False) as http:
        for number in range(CHARTS):
            for site, login in (("nord", "a.martin"), ("sud", "s.sud")):
                if site == "sud" and number:
                    continue
                patient, observation = Desk(group.running, http, site).a_chart(login)
                made.append(Chart(patient, observation, group.running.replicas(site), login))
    return made


@asynccontextmanager
async def watching(group: Ground, charts: list[Chart]) -> AsyncIterator[Watch]:
    """Withdrawals and reads are running inside."""
    tokens = {login: group.running.token(login) for login in ("a.martin", "s.sud")} | {
        "o.leroy": group.running.token("o.leroy", "RECORDMGT")
    }
    watch = Watch(group, charts, tokens)
    timeout = aiohttp.ClientTimeout(total=LEASE + 40)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0), trust_env=False) as http:
        consent = str(group.running.addresses["consent"])
        tasks = [asyncio.create_task(watch.read(http)) for _ in range(IN_FLIGHT)]
        tasks += [asyncio.create_task(watch.change_minds(chart, http, consent)) for chart in charts]
        try:
            yield watch
        finally:
            watch.stopped = True
            await asyncio.gather(*tasks)


async def reads_more(watch: Watch, count: int, *, within: float = 1200.0) -> None:
    wanted, deadline = watch.reads.total() + count, time.monotonic() + within
    while watch.reads.total() < wanted and not watch.stale:
        assert time.monotonic() < deadline, f"too few reads: {watch.reads}"
        await asyncio.sleep(0.1)


async def _paused(group: Ground, watch: Watch) -> None:
    """Frozen for longer than its lease; when it wakes, it knows nothing of what was withdrawn meanwhile."""
    with group.paused("nord-b"):
        await asyncio.sleep(LEASE + 2 * MARGIN)
        await reads_more(watch, 50)


async def _cut_off(group: Ground, watch: Watch) -> None:
    """From `consent` and from Kafka: it goes on deciding by what it knows until its lease has run out, and nobody can tell it better."""
    group.wires.cut()  # type: ignore[attr-defined]
    await asyncio.sleep(MARGIN)
    number = await asyncio.to_thread(_told, group, AWAY, "serment_enforcement_number")
    await asyncio.sleep(LEASE + MARGIN)
    assert await asyncio.to_thread(_told, group, AWAY, "serment_enforcement_lease_seconds") == 0
    assert await asyncio.to_thread(_told, group, AWAY, "serment_enforcement_number") == number
    assert await asyncio.to_thread(_told, group, "consent", "serment_consent_head") > number
    group.wires.mend()  # type: ignore[attr-defined]


def _told(group: Ground, service: str, name: str) -> float:
    """One number of a service's metrics."""
    metrics = httpx.get(f"{group.stack.ports.url(service)}/metrics", trust_env=False).text
    return float(next(line for line in metrics.splitlines() if line.startswith(f"{name} ")).split(" ")[1])


async def _killed(group: Ground, watch: Watch) -> None:
    await asyncio.to_thread(group.child("sud").kill)
    await asyncio.sleep(LEASE)
    await asyncio.to_thread(group.start_again, "sud")
    await asyncio.to_thread(group.wait_until_ready, "sud")


async def _consent_killed(group: Ground, watch: Watch) -> None:
    """While requests wait for a frozen replica: who asks again is answered when it is in force."""
    with group.paused("nord-b"):
        await asyncio.sleep(_ALL_WAIT)
        await asyncio.to_thread(group.start_again, "consent")
    await asyncio.to_thread(group.wait_until_ready, "consent")


async def _consent_killed_at_any_moment(group: Ground, watch: Watch) -> None:
    """Its open transaction may hold the fence for as long as MongoDB lets it live, a minute: changes wait, reads do not."""
    for _ in range(10):
        await asyncio.to_thread(group.start_again, "consent")
        await asyncio.to_thread(group.wait_until_ready, "consent")
        await reads_more(watch, 50)


async def _brokers_killed_in_turn(group: Ground, watch: Watch) -> None:
    for number in BROKERS:
        await asyncio.to_thread(group.child(f"kafka-{number}").kill)
        await asyncio.sleep(LEASE / 2)
        await asyncio.to_thread(group.start_again, f"kafka-{number}")
        await asyncio.sleep(LEASE / 2)


_ALL_WAIT = 1.5
UNBOUNDED = {"consent is killed while requests wait", "consent is killed at any moment"}
"""Who asks waits again from the beginning, and for MongoDB to give up an open transaction."""

FAULTS: dict[str, Callable[[Ground, Watch], Awaitable[None]]] = {
    "nothing breaks": lambda _group, _watch: asyncio.sleep(0),
    "a replica is paused": _paused,
    "a replica is cut off": _cut_off,
    "a replica is killed": _killed,
    "consent is killed while requests wait": _consent_killed,
    "the brokers are killed in turn": _brokers_killed_in_turn,
} | ({"consent is killed at any moment": _consent_killed_at_any_moment} if LONG else {})


class TestEnforcing:
    @pytest.mark.parametrize("fault", FAULTS)
    async def test_decides_nothing_by_old_words_when(self, group: Ground, charts: list[Chart], fault: str, record_property: Any) -> None:
        async with watching(group, charts) as watch:
            await reads_more(watch, 100)
            await FAULTS[fault](group, watch)
            await reads_more(watch, READS // len(FAULTS))

        told = f"{dict(watch.reads)}, {len(watch.waits)} changes, the slowest after {max(watch.waits):.2f} s"
        record_property("seen", f"{told}, half within {statistics.median(watch.waits):.3f} s")
        assert watch.stale == []
        assert watch.reads["200"] > 0
        assert watch.reads["403"] > 0
        assert fault in UNBOUNDED or max(watch.waits) <= LEASE + 2 + _OF_THE_MACHINE, told

    def test_tells_by_metrics_how_long_each_took(self, group: Ground) -> None:
        assert _told(group, "consent", "serment_consent_in_force_seconds_count") > 0
        assert _told(group, "consent", "serment_consent_members") >= len(REPLICAS)
        assert 0 < _told(group, "nord-a", "serment_enforcement_lease_seconds") <= LEASE
        assert _told(group, "nord-a", "serment_enforcement_directives") >= 1
        assert _told(group, "nord-a", "serment_enforcement_gap") == 0
        number = _told(group, "nord-a", "serment_enforcement_number")
        until(lambda: _told(group, "consent", "serment_consent_head") == number, within=10, otherwise=f"the head is not told as {number}")


_OF_THE_MACHINE = 2.0
"""Seconds: two slow cores run everything here."""
