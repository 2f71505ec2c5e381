"""Proves that one trace follows an event, that no text of an error leaves, and that a collector is never needed."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from shared.clock import utc_now
from shared.enforcement import LEASE_PATH
from shared.event_door import EventDoor
from shared.events import cloud_headers
from shared.kafka import open_producer
from shared.server_spans import ServerSpans
from shared.telemetry import span, trace_headers
from tests.shared.kafka_desk import KafkaDesk, a_change, chart_changed_on, eventually
from tests.shared.proxies import serving

CANARY = "Jeanne-Canari-1980"
WORK = """
import asyncio, time, structlog
from prometheus_client import Counter, Gauge, Histogram
from shared.telemetry import open_telemetry, span, telemetry_sent, tracing
open_telemetry("records", instance="nord-a", level="info")

async def work():
    global took, began, traced
    async with telemetry_sent():
        log = structlog.get_logger("serment.test")
        with span("first"):
            log.info("record.read", record_id="r")
        Counter("reads", "Reads.", ["outcome"]).labels("answered").inc(3)
        Gauge("members", "Members.").set(2)
        waited = Histogram("waited_seconds", "Waited.", buckets=(0.1, 1))
        for seconds in (0.05, 0.5, 0.5, 5):
            waited.observe(seconds)
        began = time.perf_counter()
        for _ in range(2000):
            with span("work", site="nord"):
                pass
        took = time.perf_counter() - began
        began, traced = time.perf_counter(), tracing()

asyncio.run(work())
print(traced, took, time.perf_counter() - began)
"""
SERVICE = """
import asyncio, os, signal, structlog
from contextlib import asynccontextmanager
from prometheus_client import Gauge
from shared.http import create_app
from shared.serving import serve
from shared.telemetry import open_telemetry, span
open_telemetry("records", instance="nord-a", level="info")
broken = [True]

def left():
    if broken:
        broken.pop()
        raise TypeError("a race")
    return len(asyncio.all_tasks())

@asynccontextmanager
async def lifespan(app):
    Gauge("left", "Read on the event loop only.").set_function(left)
    asyncio.get_running_loop().call_later(1.2, os.kill, os.getpid(), signal.SIGTERM)
    yield
    with span("last"):
        structlog.get_logger("serment.test").info("record.closed")

serve(create_app("A service", lifespan=lifespan, pings=lambda app: {}), host="127.0.0.1", port=PORT)
"""


@dataclass(frozen=True)
class Told:
    tracing: bool
    took: float
    closing: float
    lines: list[str]


async def run_service(endpoint: str | None) -> Told:
    """A process that opens telemetry, works and closes it."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    env |= {"OTEL_EXPORTER_OTLP_TIMEOUT": "1"} | ({"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint} if endpoint else {})
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", WORK], env=env, capture_output=True, text=True, timeout=60, check=True
    )
    tracing, took, closing = done.stdout.split()
    return Told(tracing == "True", float(took), float(closing), done.stderr.splitlines())


@dataclass
class Collector:
    address: str = ""
    bodies: dict[str, bytes] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.Response:
        self.bodies[request.path] = self.bodies.get(request.path, b"") + await request.read()
        return web.Response()


def metrics_in(body: bytes) -> tuple[dict[str, str], dict[str, Metric]]:
    """Who sent them, and each by its name."""
    (resource,) = ExportMetricsServiceRequest.FromString(body).resource_metrics
    about = {one.key: one.value.string_value for one in resource.resource.attributes if one.key.startswith("service.")}
    return about, {metric.name: metric for scope in resource.scope_metrics for metric in scope.metrics}


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    opened = Collector()
    async with serving(opened.handle) as address:
        opened.address = address
        yield opened


class TestTrace:
    async def test_goes_on_in_whoever_takes_the_event(self, kafka: KafkaDesk, spans: InMemorySpanExporter) -> None:
        topic = kafka.topic()
        event = chart_changed_on(topic)
        door = EventDoor(kafka.connection, group=f"g-{topic.name}")
        inside: list[dict[str, str]] = []

        @door.subscriber(event)
        async def on_change(_event: object) -> None:
            inside.append(trace_headers())

        producer = await open_producer(kafka.connection, client_id="tests")
        await door.start()
        with span("write a record") as written:
            record = event(**a_change()).to_record(source="/records/nord", now=utc_now())
        await producer.send_and_wait(record)
        await eventually(lambda: [one for one in spans.get_finished_spans() if one.kind is SpanKind.CONSUMER])
        await door.stop()
        await producer.stop()

        (taken,) = [one for one in spans.get_finished_spans() if one.kind is SpanKind.CONSUMER]
        context = written.get_span_context()
        assert taken.context.trace_id == context.trace_id
        assert taken.parent is not None
        assert taken.parent.span_id == context.span_id
        assert inside[0]["traceparent"].split("-")[1:3] == [f"{context.trace_id:032x}", f"{taken.context.span_id:016x}"]

    def test_of_nobody_is_carried_by_no_header(self) -> None:
        assert trace_headers() == {}
        assert "traceparent" not in dict(cloud_headers(ident="i", source="s", type_="t", time="now"))


class TestSpan:
    def test_keeps_the_class_of_an_error_and_none_of_its_text(self, spans: InMemorySpanExporter) -> None:
        with pytest.raises(ValueError, match=CANARY), span("read"):
            raise ValueError(CANARY)

        (read,) = spans.get_finished_spans()
        assert read.attributes == {"error.type": "ValueError"}
        assert (read.status.status_code, read.status.description, read.events) == (StatusCode.ERROR, None, ())
        assert CANARY not in read.to_json()

    @pytest.mark.parametrize("carried", ["", "nonsense", "00-0-0-00", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
    def test_begins_a_trace_of_its_own_under_a_parent_that_cannot_be_read(self, spans: InMemorySpanExporter, carried: str) -> None:
        with span("read", carrier={"traceparent": carried}):
            pass

        assert spans.get_finished_spans()[0].parent is None


class TestServerSpans:
    @pytest.mark.parametrize(("path", "made"), [("/fhir/Patient", 1), ("/health/ready", 0), ("/static/x.css", 0), (LEASE_PATH, 0)])
    async def test_leave_out_what_machines_ask_for_all_the_time(
        self, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch, path: str, made: int
    ) -> None:
        monkeypatch.setattr("shared.server_spans.tracing", lambda: True)
        answered = []

        async def app(scope: dict, receive: None, send: None) -> None:
            answered.append(scope["path"])

        await ServerSpans(app)({"type": "http", "path": path, "method": "GET", "headers": []}, None, None)

        assert (answered, len(spans.get_finished_spans())) == ([path], made)


class TestOpenTelemetry:
    async def test_sends_nothing_when_no_endpoint_is_set(self) -> None:
        told = await run_service(None)

        assert told.tracing is False
        assert [json.loads(line)["event"] for line in told.lines] == ["record.read"]

    async def test_sends_spans_and_logs_to_the_endpoint(self, collector: Collector) -> None:
        told = await run_service(collector.address)

        assert told.tracing is True
        assert b"nord-a" in collector.bodies["/v1/traces"]
        assert collector.bodies["/v1/traces"].count(b"work") == 2000
        assert b"record.read" in collector.bodies["/v1/logs"]

    async def test_sends_the_metrics_that_its_page_shows(self, collector: Collector) -> None:
        await run_service(collector.address)

        about, metrics = metrics_in(collector.bodies["/v1/metrics"])
        reads, members, waited = metrics["reads"].sum, metrics["members"].gauge, metrics["waited_seconds"].histogram
        assert about == {"service.name": "records", "service.instance.id": "nord-a"}
        assert [(one.as_double, one.attributes[0].value.string_value) for one in reads.data_points] == [(3, "answered")]
        assert (reads.is_monotonic, members.data_points[0].as_double) == (True, 2)
        (told,) = waited.data_points
        assert (list(told.explicit_bounds), list(told.bucket_counts), told.count, told.sum) == ([0.1, 1], [1, 2, 1], 4, 6.05)
        assert not told.HasField("min")
        assert told.start_time_unix_nano < told.time_unix_nano

    async def test_sends_what_a_service_still_holds_when_it_is_told_to_end(self, collector: Collector) -> None:
        """By the signal, which ends the process in the server's own hands; and after a gauge that failed once."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            work = SERVICE.replace("PORT", str(free.getsockname()[1]))
        env = os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address, "OTEL_METRIC_EXPORT_INTERVAL": "500"}
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", work], env=env, capture_output=True, text=True, timeout=60, check=False
        )

        assert done.returncode == -signal.SIGTERM
        assert b"last" in collector.bodies["/v1/traces"]
        assert b"record.closed" in collector.bodies["/v1/logs"]
        assert b"left" in collector.bodies["/v1/metrics"]
        assert "telemetry.metrics-not-sent" in done.stderr
        assert "a race" not in done.stderr

    async def test_writes_logs_as_json_with_who_and_which_trace(self, collector: Collector) -> None:
        told = await run_service(collector.address)

        (line,) = [json.loads(line) for line in told.lines if "record.read" in line]
        assert (line["service"], line["instance"], line["level"], line["record_id"]) == ("records", "nord-a", "info", "r")
        assert len(line["trace_id"]) == 32

    async def test_hinders_nobody_when_the_collector_is_down(self, collector: Collector) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            down = await run_service(f"http://127.0.0.1:{closed.getsockname()[1]}")
        up = await run_service(collector.address)

        assert down.tracing is True
        assert down.took < up.took * 3 + 0.2
        assert down.closing < 15
